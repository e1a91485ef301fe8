"""Documents to search."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from app.rag import EVERYONE, RagDocument, add_document, get_store, ingest
from tests.conftest import SetEnvironment

Put = Callable[..., Awaitable[RagDocument]]

FIELDS = '{"year": "number", "since": "date", "secret": "flag", "team": "text"}'


@pytest.fixture(autouse=True)
def fresh_store() -> Iterator[None]:
    """Begin with a store of the test's own settings."""
    get_store.cache_clear()
    yield
    get_store.cache_clear()


@pytest.fixture
def own_fields(set_environment: SetEnvironment) -> None:
    """Let documents have a field of each type."""
    set_environment(RAG_FIELDS=FIELDS)


@pytest.fixture
def put(database: str) -> Put:
    """Return a function that adds a text, and waits until it can be found."""
    del database

    async def add(text: str, source: str = "notes.md", owner: str = EVERYONE, **fields: Any) -> RagDocument:
        document, _ = await add_document(text.encode(), source, owner=owner, fields=fields)
        await ingest(document.id)
        return document

    return add
