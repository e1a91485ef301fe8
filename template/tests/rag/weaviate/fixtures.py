"""Weaviate for all tests that use the database: the one of `TEST_WEAVIATE_URL`, or else a stand-in."""

import os
from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest

from app.rag.weaviate.client import lifespan
from tests.conftest import SetEnvironment
from tests.rag.weaviate.stand_in import StandIn

_numbers = count(1)
_SETTINGS = ("WEAVIATE_URL", "WEAVIATE_GRPC_PORT", "WEAVIATE_API_KEY")
_GIVEN = {name: value for name in _SETTINGS if (value := os.environ.get(f"TEST_{name}"))}


@pytest.fixture(scope="session")
def weaviate_settings() -> Iterator[dict[str, str]]:
    """Where the server is."""
    if _GIVEN:
        yield _GIVEN
        return
    server = StandIn()
    server.start()
    yield {"WEAVIATE_URL": server.url, "WEAVIATE_GRPC_PORT": str(server.grpc_port)}
    server.stop()


@pytest.fixture(autouse=True)
async def weaviate(request: pytest.FixtureRequest, set_environment: SetEnvironment) -> AsyncIterator[None]:
    """Lead the settings to the server, with collections of the test's own."""
    if not any(name.endswith("database") for name in request.fixturenames):
        yield
        return
    set_environment(
        WEAVIATE_COLLECTION=f"Test{os.getpid()}x{next(_numbers)}",
        **request.getfixturevalue("weaviate_settings"),
    )
    async with lifespan():
        yield
