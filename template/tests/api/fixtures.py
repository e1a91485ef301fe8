"""Clients of the API: without a network in between, and with a server in a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from httpx2 import ASGITransport, AsyncClient, HTTPError, get

from app.api import create_key
from app.core.paths import ROOT
from app.core.ports import free_port
from app.main import create_app
from tests.commands import run_app

if TYPE_CHECKING:
    from tests.db.fixtures import Server


@pytest.fixture
async def anonymous() -> AsyncIterator[AsyncClient]:
    """A client of a fresh application, without a key."""
    transport = ASGITransport(app=create_app(), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def client(anonymous: AsyncClient, database: str) -> AsyncClient:
    """The same, with a key that may do everything."""
    key = await create_key("test", ["admin"])
    anonymous.headers["Authorization"] = f"Bearer {key.text}"
    return anonymous


@dataclass(frozen=True)
class Served:
    """An API that listens on this machine, with a worker and beat."""

    url: str
    environment: dict[str, str]

    def key(self, *scopes: str) -> str:
        """Create a key."""
        options = [word for scope in scopes for word in ("--scope", scope)]
        made = run_app("keys", "create", "test", *options, "--json", **self.environment)
        return str(json.loads(made.stdout)["key"])


@pytest.fixture(scope="module")
def served(postgres: "Server", migrated_template: str, broker_url: str) -> Iterator[Served]:
    """The processes of the application, for all tests of a module."""
    name = f"served_{os.getpid()}"
    port = free_port()
    environment = {
        "DATABASE_URL": postgres.create(name, migrated_template),
        "BROKER_URL": broker_url,
        "ENVIRONMENT": "test",
    }
    commands = [["serve", "--port", str(port)], ["worker", "--concurrency", "4"], ["beat"]]
    processes = [
        subprocess.Popen([sys.executable, "-m", "app", *command], cwd=ROOT, env={**os.environ, **environment})
        for command in commands
    ]
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url)
        yield Served(url, environment)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)
        postgres.drop(name)


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if get(f"{url}/health/ready").status_code == 200:
                return
        except HTTPError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"{url} was not ready within a minute")
