"""A server that speaks the providers' protocols."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.llm.providers import close_models
from tests.conftest import SetEnvironment
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


@pytest.fixture
def provider(
    fake_provider: FakeProvider, fresh_models: None, set_environment: SetEnvironment
) -> FakeProvider:
    """The same, with settings that lead to it: `openai:gpt-4.1-mini`, and no further attempts."""
    del fresh_models
    set_environment(
        LLM_MODEL="openai:gpt-4.1-mini",
        OPENAI_API_KEY="sk-12345678",
        OPENAI_BASE_URL=f"{fake_provider.url}/v1",
        LLM_RETRIES="0",
    )
    return fake_provider
