"""A server that speaks the providers' protocols."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.llm.providers import close_models
from tests.llm.fake_provider import FakeProvider


@pytest.fixture
async def fresh_models() -> AsyncIterator[None]:
    """Build models anew in a test: they hold settings and connections."""
    await close_models()
    yield
    await close_models()


@pytest.fixture
def fake_provider() -> Iterator[FakeProvider]:
    """A provider on this machine."""
    with FakeProvider() as server:
        yield server
