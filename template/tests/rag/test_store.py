"""What every vector store does alike: the conformance suite, on the real thing."""

import asyncio
from uuid import UUID

import numpy as np
import pytest

from app.rag import Condition, Found, VectorStore, Weights, Where, get_store
from app.rag.store import Value
from tests.rag.stores import DIMENSION, FIRST, INDEX, SECOND, direction, fill

pytestmark = pytest.mark.usefixtures("database")

NORTH, EAST, NORTH_EAST = direction(1), direction(0, 1), direction(1, 1)
ALL = Where()


@pytest.fixture
async def store() -> VectorStore:
    """The store of this project, with an empty index."""
    get_store.cache_clear()
    store = get_store()
    await store.drop(INDEX)
    await store.create(INDEX)
    return store


def texts(found: list[Found]) -> list[str]:
    return [each.chunk.text for each in found]


async def test_the_nearest_vector_comes_first_with_its_cosine(store: VectorStore) -> None:
    await fill(store, {"north": NORTH, "east": EAST, "between": NORTH_EAST})

    found = await store.dense(INDEX, NORTH, ALL, 3)

    assert texts(found) == ["north", "between", "east"]
    assert [each.scores["dense"] for each in found] == pytest.approx([1, 0.7071, 0], abs=0.002)


async def test_the_words_of_a_question_are_found_in_the_whole_corpus(store: VectorStore) -> None:
    await fill(store, {"A lamp of brass": NORTH, "A chair of oak": EAST})

    found = await store.keyword(INDEX, "oak", ALL, 5)

    assert texts(found) == ["A chair of oak"]
    assert found[0].scores["keyword"] > 0


async def test_a_word_is_found_in_its_other_forms(store: VectorStore) -> None:
    await fill(store, {"The lamps were returned": NORTH}, language="english")

    assert texts(await store.keyword(INDEX, "returning a lamp", ALL, 5)) == ["The lamps were returned"]


async def test_a_rare_word_counts_more_than_a_common_one(store: VectorStore) -> None:
    common = {f"lamp number {number}": EAST for number in range(20)}
    await fill(store, {**common, "a zeppelin": NORTH})

    assert texts(await store.keyword(INDEX, "lamp zeppelin", ALL, 5))[0] == "a zeppelin"


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Order ZXQ-9917 today", "ZXQ-9917"),
        ("Order ZXQ-9917 today", "zxq9917"),
        ("sqlite3_column_blob gives bytes", "sqlite3_column_blob"),
        ("since version 3.7.11", "3.7.11"),
        ("東京都に住んでいます", "東京都"),
        ("كتاب جديد", "كتاب"),
    ],
)
async def test_an_identifier_and_any_script_is_found(store: VectorStore, text: str, question: str) -> None:
    await fill(store, {text: NORTH, "something else": EAST}, language="simple")

    assert texts(await store.keyword(INDEX, question, ALL, 1)) == [text]


async def test_hybrid_search_finds_what_the_vectors_rank_last(store: VectorStore) -> None:
    near = {f"near {number}": direction(1, number / 1000) for number in range(100)}
    await fill(store, {**near, "part ZXQ-9917": direction(-1)})

    found = await store.hybrid(INDEX, "ZXQ-9917", NORTH, ALL, 5, Weights())

    assert "part ZXQ-9917" in texts(found)


async def test_hybrid_search_shows_the_scores_of_both_rankings(store: VectorStore) -> None:
    await fill(store, {"a lamp": NORTH, "a chair": EAST})

    found = await store.hybrid(INDEX, "lamp", NORTH, ALL, 5, Weights())

    assert texts(found)[0] == "a lamp"
    assert set(found[0].scores) == {"dense", "keyword"}
    assert set(found[1].scores) == {"dense"}


async def test_weights_decide_between_the_rankings(store: VectorStore) -> None:
    await fill(store, {"a lamp": NORTH, "a chair": EAST})

    words = await store.hybrid(INDEX, "chair", NORTH, ALL, 2, Weights(dense=0.1, keyword=1))
    vectors = await store.hybrid(INDEX, "chair", NORTH, ALL, 2, Weights(dense=1, keyword=0.001))

    assert (texts(words)[0], texts(vectors)[0]) == ("a chair", "a lamp")


async def test_ties_are_in_the_same_order_every_time(store: VectorStore) -> None:
    await fill(store, {f"the same {number}": NORTH for number in range(30)})

    first = await store.hybrid(INDEX, "same", NORTH, ALL, 10, Weights())

    assert [each.chunk.position for each in first] == list(range(10))
    for _ in range(3):
        assert await store.hybrid(INDEX, "same", NORTH, ALL, 10, Weights()) == first


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition("format", "eq", "pdf"), {"second"}),
        (Condition("format", "ne", "pdf"), {"first"}),
        (Condition("source", "in", ("b.pdf", "c.pdf")), {"second"}),
        (Condition("page", "gte", 3.0), {"second"}),
        (Condition("page", "lt", 3.0), {"first"}),
        (Condition("year", "eq", 2026.0), {"second"}),
        (Condition("year", "lte", 2025.0), {"first"}),
        (Condition("year", "in", (2025.0, 2024.0)), {"first"}),
        (Condition("since", "gt", "2025-12-31"), {"second"}),
        (Condition("secret", "eq", True), {"second"}),
        (Condition("team", "ne", "law"), {"first"}),
        (Condition("document", "eq", str(FIRST)), {"first"}),
        (Condition("team", "eq", "x' OR '1'='1"), set()),
        (Condition("source", "eq", "a.md' OR TRUE --"), set()),
    ],
)
async def test_a_filter_holds_in_every_search(
    store: VectorStore,
    own_fields: None,
    condition: Condition,
    expected: set[str],
) -> None:
    del own_fields
    first: dict[str, Value] = {"year": 2025.0, "since": "2025-01-01", "secret": False, "team": "sales"}
    second: dict[str, Value] = {"year": 2026.0, "since": "2026-01-01", "secret": True, "team": "law"}
    await fill(store, {"first": NORTH}, fields=first, pages=[1])
    await fill(
        store, {"second": NORTH}, document=SECOND, source="b.pdf", format="pdf", fields=second, pages=[3]
    )
    where = Where(conditions=(condition,))

    assert set(texts(await store.dense(INDEX, NORTH, where, 5))) == expected
    assert set(texts(await store.keyword(INDEX, "first second", where, 5))) == expected
    assert set(texts(await store.hybrid(INDEX, "first second", NORTH, where, 5, Weights()))) == expected


async def test_only_what_the_reader_may_read_is_found(store: VectorStore) -> None:
    await fill(store, {"open": NORTH})
    await fill(store, {"closed": NORTH}, document=SECOND, owner="key:other")
    where = Where(readers=("everyone", "key:me"))

    assert texts(await store.dense(INDEX, NORTH, where, 5)) == ["open"]
    assert texts(await store.keyword(INDEX, "open closed", where, 5)) == ["open"]
    assert texts(await store.hybrid(INDEX, "open closed", NORTH, where, 5, Weights())) == ["open"]


async def test_a_filter_that_keeps_few_does_not_empty_the_result(store: VectorStore) -> None:
    rng = np.random.default_rng(1)
    many = {f"chunk {number}": direction(*rng.normal(size=DIMENSION)) for number in range(2000)}
    await fill(store, many)
    await fill(store, {"the one": direction(-1)}, document=SECOND, source="b.md")
    where = Where(conditions=(Condition("source", "eq", "b.md"),))

    assert texts(await store.dense(INDEX, NORTH, where, 5)) == ["the one"]
    assert texts(await store.hybrid(INDEX, "chunk", NORTH, where, 5, Weights())) == ["the one"]


async def test_what_is_written_twice_is_there_once(store: VectorStore) -> None:
    for _ in range(2):
        await fill(store, {"a lamp": NORTH, "a chair": EAST})

    assert await store.count(INDEX) == 2
    assert len(await store.keyword(INDEX, "lamp", ALL, 5)) == 1


async def test_several_may_make_and_fill_an_index_at_the_same_time(store: VectorStore) -> None:
    await store.drop(INDEX)

    await asyncio.gather(*(fill(store, {"a lamp": NORTH}, document=UUID(int=n)) for n in range(1, 7)))

    assert await store.count(INDEX) == 6


async def test_several_that_write_the_same_chunks_leave_them_there_once(store: VectorStore) -> None:
    await asyncio.gather(*(fill(store, {"a lamp": NORTH, "a chair": EAST}) for _ in range(6)))

    assert await store.count(INDEX) == 2
    assert len(await store.keyword(INDEX, "lamp", ALL, 5)) == 1


async def test_an_index_that_is_gone_has_nothing(store: VectorStore) -> None:
    await fill(store, {"a lamp": NORTH})
    found = await store.dense(INDEX, NORTH, ALL, 1)

    await store.drop(INDEX)

    assert await store.dense(INDEX, NORTH, ALL, 1) == []
    assert await store.keyword(INDEX, "lamp", ALL, 1) == []
    assert await store.neighbours(INDEX, found, 1) == []
    assert await store.count(INDEX) == 0
    await store.delete(INDEX, FIRST)


async def test_older_versions_can_be_deleted_alone(store: VectorStore) -> None:
    await fill(store, {"old lamp": NORTH, "old chair": EAST})
    await fill(store, {"new lamp": NORTH}, version=2)

    await store.delete(INDEX, FIRST, keep=2)

    assert texts(await store.dense(INDEX, NORTH, ALL, 5)) == ["new lamp"]
    assert await store.count(INDEX) == 1


async def test_deletion_leaves_nothing_behind(store: VectorStore) -> None:
    await fill(store, {"a lamp": NORTH})
    await fill(store, {"a chair": EAST}, document=SECOND)

    await store.delete(INDEX, FIRST)

    assert texts(await store.dense(INDEX, NORTH, ALL, 5)) == ["a chair"]
    assert await store.keyword(INDEX, "lamp", ALL, 5) == []
    assert await store.count(INDEX) == 1


async def test_the_neighbours_of_a_chunk_are_those_around_it(store: VectorStore) -> None:
    await fill(store, {f"part {number}": direction(number, 1) for number in range(6)})
    await fill(store, {"of another": NORTH}, document=SECOND)
    found = await store.keyword(INDEX, "part 3", ALL, 1)

    around = await store.neighbours(INDEX, found, 1)

    assert texts(around) == ["part 2", "part 3", "part 4"]


async def test_the_vectors_of_chunks_come_in_their_order(store: VectorStore) -> None:
    await fill(store, {"north": NORTH, "east": EAST})
    found = await store.dense(INDEX, EAST, ALL, 2)

    vectors = await store.vectors(INDEX, found)

    assert np.allclose(vectors, [EAST, NORTH], atol=0.001)


@pytest.mark.parametrize(
    "question", ["", "the of and", "!?… ---", "\N{PILE OF POO}", "' OR 1=1; --", "x" * 10_000]
)
async def test_a_question_without_usable_words_finds_nothing_by_words(
    store: VectorStore, question: str
) -> None:
    await fill(store, {"a lamp": NORTH})

    assert await store.keyword(INDEX, question, ALL, 5) == []
    assert texts(await store.hybrid(INDEX, question, NORTH, ALL, 5, Weights())) == ["a lamp"]


async def test_it_says_what_answers(store: VectorStore) -> None:
    assert await store.health()
