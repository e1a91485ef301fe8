"""The whole path, with a real worker process."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from httpx2 import AsyncClient

from app.core.paths import ROOT
from app.worker import get_celery_app
from tests.runs.factories import stored_run

pytestmark = pytest.mark.slow


@pytest.fixture
def start(database: str, broker: str) -> Iterator[Callable[[str], None]]:
    """Start processes on the database and the broker of this test; at its end they must stop when told."""
    get_celery_app().control.purge()  # messages of earlier tests belong to databases that are gone
    url = urlsplit(broker)
    without_password = url._replace(netloc=f"{url.username or ''}@{url.hostname}:{url.port}").geturl()
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "BROKER_URL": without_password,  # as in compose.yaml
        "BROKER_PASSWORD": url.password or "",
    }
    processes: list[subprocess.Popen[bytes]] = []

    def start_process(command: str) -> None:
        processes.append(subprocess.Popen([sys.executable, "-m", "app", command], cwd=ROOT, env=environment))

    try:
        yield start_process
        for process in processes:
            process.terminate()
        assert [process.wait(timeout=30) for process in processes] == [0] * len(processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()


async def finished(client: AsyncClient, path: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            run: dict[str, Any] = (await client.get(path)).json()
            if run["finished_at"]:
                return run
            await asyncio.sleep(0.1)


async def test_an_event_sent_over_http_is_worked_on_and_answered(
    client: AsyncClient, start: Callable[[str], None]
) -> None:
    start("worker")
    body = {"workflow": "echo_summary", "input": {"text": "One two three", "max_words": 2}}
    accepted = [await client.post("/v1/runs", json=body) for _ in range(10)]

    runs = [await finished(client, response.headers["location"]) for response in accepted]

    assert {run["status"] for run in runs} == {"succeeded"}
    assert {run["output"]["summary"] for run in runs} == {"One two"}


async def test_what_was_never_sent_is_sent_on_schedule(
    client: AsyncClient, start: Callable[[str], None]
) -> None:
    run = await stored_run()
    start("worker")
    start("beat")

    assert (await finished(client, f"/v1/runs/{run.id}"))["status"] == "succeeded"
