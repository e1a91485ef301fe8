"""A real message broker for all tests."""

import os
from collections.abc import Iterator

import pytest

from app.dev.valkey import EmbeddedValkey
from tests.conftest import SetEnvironment


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The broker of `TEST_BROKER_URL`, or else an embedded Valkey that ends with the tests."""
    if url := os.environ.get("TEST_BROKER_URL"):
        yield url
        return
    embedded = EmbeddedValkey(tmp_path_factory.mktemp("valkey"))
    embedded.start()
    try:
        yield embedded.url()
    finally:
        embedded.stop()


@pytest.fixture
def broker(broker_url: str, set_environment: SetEnvironment) -> str:
    """Lead the settings to the broker."""
    set_environment(BROKER_URL=broker_url)
    return broker_url
