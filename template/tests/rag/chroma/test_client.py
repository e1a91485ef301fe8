"""What Chroma can do wrong."""

import pytest

from app.rag import get_store
from app.rag.chroma.client import lifespan
from app.rag.chroma.conditions import to_where
from app.rag.errors import StoreUnavailable
from app.rag.store import Condition, Where
from tests.conftest import SetEnvironment


async def test_a_server_that_is_down_is_an_error_that_says_so(set_environment: SetEnvironment) -> None:
    set_environment(CHROMA_URL="http://127.0.0.1:9")

    async with lifespan():
        with pytest.raises(StoreUnavailable, match="Chroma does not answer"):
            await get_store().health()


def test_a_value_stays_a_value() -> None:
    condition = Condition("team", "eq", '{"$ne": ""}')

    assert to_where(Where(conditions=(condition,))) == {"own.team": {"$eq": '{"$ne": ""}'}}
