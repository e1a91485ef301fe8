"""A real message broker for all tests."""

import os
from collections.abc import Iterator

import pytest

from app.dev.valkey import EmbeddedValkey
from app.worker.queues import is_rabbitmq
from tests.conftest import SetEnvironment
from tests.db.parallel import share_server


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Start one Valkey for all processes of a parallel run; they find it by `TEST_BROKER_URL`."""
    share_server(config, "TEST_BROKER_URL", EmbeddedValkey)


def _own_queues(url: str) -> str:
    """Return the URL of this process's own queues: with Valkey, a database for each process."""
    process = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if not process:
        return url
    if is_rabbitmq(url):
        pytest.exit("The processes of a parallel run would share the queues of RabbitMQ: add `-n 0`.", 4)
    return f"{url.rpartition('/')[0]}/{process}"


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The broker of `TEST_BROKER_URL`, or else an embedded Valkey that ends with the tests."""
    if url := os.environ.get("TEST_BROKER_URL"):
        yield _own_queues(url)
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
