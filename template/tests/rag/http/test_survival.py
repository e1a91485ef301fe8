"""Workers that are killed in the middle of a large document: nothing is lost, nothing is there twice."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from app.core.paths import ROOT
from app.rag import (
    Listed,
    State,
    add_document,
    get_document,
    get_store,
    index_to_search,
    search,
    start_ingest,
)
from tests.conftest import SetEnvironment
from tests.parsing.files import pdf_of

pytestmark = pytest.mark.slow

PAGES = 200
SECONDS = 90.0

Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def processes(own_database: str, broker: str, set_environment: SetEnvironment) -> Iterator[Start]:
    """Return a function that starts a worker; the scheduler runs until the test ends."""
    environment = {
        "DATABASE_URL": own_database,
        "BROKER_URL": broker,
        "ENVIRONMENT": "test",
        "RUNS_LEASE_SECONDS": "2",
        "RUNS_RETRY_SECONDS": "0.1",
        "RAG_PART_CHUNKS": "16",
        "RAG_PARTS_PER_RUN": "2",
    }
    set_environment(**environment)
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-m", "app", *(words or ("worker", "--concurrency", "2"))],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        started.append(process)
        return process

    start("beat")
    yield start
    for process in started:
        kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


async def until(document: UUID, holds: Callable[[Listed], bool]) -> Listed:
    """Wait until a document has come so far."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        listed = await get_document(document)
        if listed and (holds(listed) or listed.document.state == State.indexed):
            return listed
        await asyncio.sleep(0.02)
    raise TimeoutError(f"{listed and listed.document.state} after {SECONDS} s")


async def test_a_worker_killed_in_the_middle_of_200_pages_loses_and_doubles_nothing(
    processes: Start,
) -> None:
    pages = (
        f"Page {number} is about subject{number}x.\n" + "Words and more.\n" * 30 for number in range(PAGES)
    )
    file = pdf_of(*pages)
    document, _ = await add_document(file, "large.pdf")
    await start_ingest(document.id)

    worker = processes()
    await until(document.id, lambda listed: listed.document.state == State.parsing)
    kill(worker)
    worker = processes()
    await until(document.id, lambda listed: listed.done > 0)
    kill(worker)
    processes()
    listed = await until(document.id, lambda _: False)

    index = await index_to_search()
    assert index
    assert listed.entry
    assert (listed.document.pages, listed.parts) == (PAGES, 0)
    assert await get_store().count(index) == listed.entry.chunks >= PAGES
    for number in (0, 99, PAGES - 1):
        hits = await search(f"subject{number}x", readers=None, profile="keyword")
        assert [hit.page for hit in hits] == [number + 1]
