"""What is LanceDB's own: files, an index of the vectors, columns of own fields."""

from pathlib import Path

import lancedb
import numpy as np
import pytest

from app.rag import Condition, Where, get_store
from app.rag.errors import StoreUnavailable
from app.rag.lancedb.settings import LanceDBSettings
from tests.conftest import SetEnvironment
from tests.rag.stores import DIMENSION, FIRST, INDEX, SECOND, direction, fill

pytestmark = pytest.mark.usefixtures("database")


async def test_many_vectors_are_indexed_and_still_found(set_environment: SetEnvironment) -> None:
    set_environment(LANCEDB_INDEX_FROM="1000")
    rng = np.random.default_rng(1)
    store = get_store()
    for version in range(60):
        texts = {f"{version} {n}": direction(*rng.normal(size=DIMENSION)) for n in range(30)}
        await fill(store, texts, version=version)
    await fill(store, {"the one": direction(-1, 0.001)}, document=SECOND)

    found = await store.dense(INDEX, direction(-1), Where(), 5)

    assert await _indexed_columns() == {"id", "document", "vector", "words"}
    assert "the one" in [each.chunk.text for each in found]
    assert await store.count(INDEX) == 60 * 30 + 1


async def _indexed_columns() -> set[str]:
    connection = await lancedb.connect_async(LanceDBSettings.load().uri)
    (name,) = (await connection.list_tables()).tables
    table = await connection.open_table(name)
    return {column for index in await table.list_indices() for column in index.columns}


async def test_a_field_that_comes_later_makes_no_difference_to_what_is_there() -> None:
    store = get_store()
    await fill(store, {"old": direction(1)})
    await fill(store, {"new": direction(1)}, document=SECOND, fields={"team": "law"})
    is_law = Where(conditions=(Condition("team", "eq", "law"),))
    is_other = Where(conditions=(Condition("team", "ne", "law"),))

    assert [each.document for each in await store.dense(INDEX, direction(1), is_law, 5)] == [SECOND]
    assert [each.document for each in await store.dense(INDEX, direction(1), is_other, 5)] == [FIRST]


async def test_a_place_that_cannot_be_written_is_an_error_that_says_so(
    set_environment: SetEnvironment, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    set_environment(LANCEDB_URI=str(tmp_path / "file" / "folder"))

    with pytest.raises(StoreUnavailable, match="LanceDB cannot be used"):
        await get_store().create(INDEX)
