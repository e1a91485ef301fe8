"""A real Chroma for all tests that use the database; each has collections of its own."""

import os
from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest

from app.rag.chroma.client import lifespan
from app.rag.chroma.server import EmbeddedChroma
from tests.conftest import SetEnvironment
from tests.db.parallel import share_server

_numbers = count(1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Start one Chroma for all processes of a parallel run; they find it by `TEST_CHROMA_URL`."""
    share_server(config, "TEST_CHROMA_URL", EmbeddedChroma)


@pytest.fixture(scope="session")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server of `TEST_CHROMA_URL`, or else an embedded one that ends with the tests."""
    if url := os.environ.get("TEST_CHROMA_URL"):
        yield url
        return
    embedded = EmbeddedChroma(tmp_path_factory.mktemp("chroma"))
    embedded.start()
    try:
        yield embedded.url()
    finally:
        embedded.stop()


@pytest.fixture(autouse=True)
async def chroma(request: pytest.FixtureRequest, set_environment: SetEnvironment) -> AsyncIterator[None]:
    """Lead the settings to the server, where a test uses the database too."""
    if not any(name.endswith("database") for name in request.fixturenames):
        yield
        return
    set_environment(
        CHROMA_URL=request.getfixturevalue("chroma_url"),
        CHROMA_COLLECTION=f"test-{os.getpid()}-{next(_numbers)}",
    )
    async with lifespan():
        yield
