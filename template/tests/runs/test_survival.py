"""Real processes, and what may happen to them: nothing accepted is lost, nothing is done twice."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, HTTPError

from app.api import create_key
from app.core.paths import ROOT
from app.core.ports import free_port
from app.db import dispose, upgrade
from app.dev.valkey import EmbeddedValkey
from app.embedded import EmbeddedPostgres
from app.runs import repository
from app.runs.dispatch import start_run
from app.runs.models import Run, Status
from app.worker.celery import get_celery_app
from tests.conftest import SetEnvironment
from tests.runs import slow

pytestmark = pytest.mark.slow

SECONDS = 60.0
SHORT_LEASE = {"RUNS_LEASE_SECONDS": "2"}
"""For tests in which a lease ends. Elsewhere a busy machine must not let a living worker lose its runs."""
BROKER_IS_DOWN = 20.0


class Cluster:
    """A database, a broker, and processes that use them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self.valkey = EmbeddedValkey(folder / "valkey")
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.postgres.url(),
            "BROKER_URL": self.valkey.url(),
            "RUNS_LEASE_SECONDS": "30",
            "RUNS_RETRY_SECONDS": "0.5",
            "RUNS_STOP_SECONDS": "0.2",
        }

    def start(self, command: str, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Start `app worker`, `app beat` or `app serve`, with the workflow for tests."""
        log = (self.folder / f"{command}-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.runs.slow", command, *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment, **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.processes.append(process)
        return process

    def log(self, command: str, number: int) -> str:
        return (self.folder / f"{command}-{number}.log").read_text(encoding="utf-8", errors="replace")

    def stop_processes(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.postgres.start()
    cluster.valkey.start()
    yield cluster
    cluster.valkey.stop()
    cluster.postgres.stop()


@pytest.fixture
async def cluster(servers: Cluster, set_environment: SetEnvironment) -> AsyncIterator[Cluster]:
    """The servers, and a beat process; the settings of the test itself lead to them."""
    set_environment(**servers.environment)
    get_celery_app.cache_clear()
    upgrade()
    get_celery_app().control.purge()
    servers.start("beat")
    with slow.installed():
        yield servers
    servers.stop_processes()
    await dispose()
    get_celery_app.cache_clear()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """What the steps have written."""
    path = tmp_path / "journal"
    path.touch()
    return path


async def accepted(journal: Path, **data: Any) -> Run:
    return await start_run("slow", {"journal": str(journal), **data})


async def status_of(run_id: UUID) -> str:
    run = await repository.get_run(run_id)
    assert run is not None
    return run.status


async def until_ended(*runs: Run) -> list[str]:
    """Wait until runs have ended, and return how."""
    async with asyncio.timeout(SECONDS):
        while True:
            states = [await status_of(run.id) for run in runs]
            if all(Status(state).is_final for state in states):
                return states
            await asyncio.sleep(0.1)


async def until_alive(client: AsyncClient) -> None:
    """Wait until the API answers."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                await client.get("/health/live")
            except HTTPError:
                await asyncio.sleep(0.1)
            else:
                return


def lines(journal: Path) -> list[str]:
    return journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []


async def until_written(journal: Path, line: str) -> None:
    async with asyncio.timeout(SECONDS):
        while line not in lines(journal):  # noqa: ASYNC110 - another process writes
            await asyncio.sleep(0.05)


def ended(journal: Path) -> list[str]:
    """Return the steps that have ended, in order; one that was done twice is there twice."""
    return [line for line in lines(journal) if line.startswith("end")]


def once(steps: int) -> list[str]:
    """Return what `ended` is when each step has ended exactly once."""
    return [f"end {number}" for number in range(steps)]


async def test_a_worker_killed_in_the_middle_of_a_step_is_replaced(cluster: Cluster, journal: Path) -> None:
    worker = cluster.start("worker", **SHORT_LEASE)
    run = await accepted(journal, seconds=1)
    await until_written(journal, "begin 1")

    worker.send_signal(signal.SIGKILL)
    cluster.start("worker")

    assert await until_ended(run) == ["succeeded"]
    assert ended(journal) == once(3)
    assert lines(journal).count("begin 0") == 1
    assert lines(journal).count("begin 1") == 2


async def test_a_worker_told_to_stop_gives_its_runs_to_the_next(cluster: Cluster, journal: Path) -> None:
    old = cluster.start("worker")
    run = await accepted(journal, seconds=3)
    await until_written(journal, "begin 1")

    old.send_signal(signal.SIGTERM)
    started = time.monotonic()
    assert old.wait(timeout=SECONDS) == 0
    stopped_after = time.monotonic() - started
    cluster.start("worker")

    assert await until_ended(run) == ["succeeded"]
    assert ended(journal) == once(3)
    assert stopped_after < 15
    assert "its worker was stopped" in cluster.log("worker", 1)


async def test_a_deploy_loses_nothing(cluster: Cluster, tmp_path: Path) -> None:
    old = cluster.start("worker")
    journals = [tmp_path / str(number) for number in range(10)]
    runs = [await accepted(path, seconds=0.3) for path in journals]
    await until_written(journals[0], "begin 0")
    cluster.start("worker")

    old.send_signal(signal.SIGTERM)

    assert set(await until_ended(*runs)) == {"succeeded"}
    assert [ended(path) for path in journals] == [once(3)] * len(journals)


async def test_with_the_broker_down_a_run_is_accepted_at_once_and_done_when_it_is_back(
    cluster: Cluster, journal: Path
) -> None:
    cluster.start("worker")
    first = await accepted(journal, steps=1, seconds=0)
    await until_ended(first)
    port = int(cluster.valkey.url().rpartition(":")[2].partition("/")[0])
    cluster.valkey.stop()

    started = time.monotonic()
    run = await accepted(journal, steps=2, seconds=0)
    took = time.monotonic() - started
    await asyncio.sleep(BROKER_IS_DOWN)
    cluster.valkey.start(port)

    assert took < 1
    assert await until_ended(run) == ["succeeded"]


async def test_a_restart_of_the_database_under_load_loses_nothing(cluster: Cluster, tmp_path: Path) -> None:
    cluster.start("worker")
    journals = [tmp_path / str(number) for number in range(20)]
    runs = [await accepted(path, seconds=0.2) for path in journals]
    port = int(cluster.postgres.url().rpartition(":")[2].partition("/")[0])

    cluster.postgres.stop()
    await asyncio.sleep(1)
    cluster.postgres.start(port)

    assert set(await until_ended(*runs)) == {"succeeded"}


async def test_an_api_killed_between_commit_and_message_loses_nothing(
    cluster: Cluster, journal: Path
) -> None:
    key = await create_key("test", ["runs:write"])
    port = free_port()
    api = cluster.start("serve", "--port", str(port), DIE_BEFORE_SEND="1", LLM_MODEL="offline:demo")
    headers = {"Authorization": f"Bearer {key.text}"}
    body = {"workflow": "slow", "input": {"journal": str(journal), "steps": 1, "seconds": 0}}
    async with AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        await until_alive(client)
        with pytest.raises(HTTPError):
            await client.post("/v1/runs", json=body)
    (run,) = await repository.list_runs(repository.Page(1))

    cluster.start("worker")

    assert api.wait(timeout=SECONDS) == -signal.SIGKILL
    assert await until_ended(run) == ["succeeded"]
    assert ended(journal) == once(1)


async def test_two_workers_on_the_same_messages_do_each_run_once(cluster: Cluster, tmp_path: Path) -> None:
    for _ in range(2):
        cluster.start("worker")
    journals = [tmp_path / str(number) for number in range(10)]
    runs = [await accepted(path, steps=1, seconds=0.1) for path in journals]
    for run in runs:  # each message once more
        get_celery_app().send_task("runs.execute", (str(run.id),), queue="default")

    assert set(await until_ended(*runs)) == {"succeeded"}
    assert [ended(path) for path in journals] == [once(1)] * len(journals)


@pytest.mark.parametrize("skew", ["60", "-60"])
async def test_a_worker_whose_clock_is_wrong_by_a_minute_takes_nothing_from_others(
    skew: str, cluster: Cluster, journal: Path
) -> None:
    cluster.start("worker", **SHORT_LEASE)
    run = await accepted(journal, seconds=1)
    await until_written(journal, "begin 0")
    cluster.start("worker", CLOCK_SKEW=skew, **SHORT_LEASE)

    assert await until_ended(run) == ["succeeded"]
    assert ended(journal) == once(3)
    assert len(lines(journal)) == 6
