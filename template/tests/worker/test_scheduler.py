"""The scheduler ticks, and somebody notices when it does not."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from app.db import transaction
from app.worker.errors import SchedulerStopped
from app.worker.extensions import SCHEDULES, Schedule
from app.worker.scheduler import HEARTBEAT, Scheduler, check_scheduler, claim_tick
from tests.commands import run_app
from tests.conftest import SetEnvironment

pytestmark = pytest.mark.usefixtures("database")


@asynccontextmanager
async def running(*schedulers: Scheduler) -> AsyncGenerator[None]:
    tasks = [asyncio.create_task(scheduler.run()) for scheduler in schedulers]
    try:
        yield
    finally:
        for scheduler in schedulers:
            scheduler.stopping.set()
        await asyncio.gather(*tasks)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - a thread changes it
            await asyncio.sleep(0.02)


async def let_pass(seconds: float) -> None:
    """Do what time does."""
    async with transaction() as session:
        moved = text("UPDATE schedule_ticks SET last_at = last_at - make_interval(secs => :seconds)")
        await session.execute(moved, {"seconds": seconds})


async def tick_all() -> None:
    for name in [HEARTBEAT, *SCHEDULES.names()]:
        await claim_tick(name, 0)


async def test_a_schedule_is_due_again_when_its_interval_has_passed() -> None:
    claims = [await claim_tick("nightly", 3600), await claim_tick("nightly", 3600)]
    await let_pass(3600)

    assert [*claims, await claim_tick("nightly", 3600)] == [True, False, True]


async def test_of_several_that_run_the_scheduler_one_runs_each_tick() -> None:
    claims = await asyncio.gather(*(claim_tick("nightly", 3600) for _ in range(8)))

    assert claims.count(True) == 1


async def test_a_task_is_called_again_and_again() -> None:
    calls: list[float] = []

    async with running(Scheduler({"often": Schedule(0.1, lambda: calls.append(time.time()))})):
        await until(lambda: len(calls) >= 2)


async def test_a_task_that_takes_long_or_fails_delays_no_other() -> None:
    released, calls = threading.Event(), [0]

    def fail() -> None:
        raise ValueError("no")

    def count() -> None:
        calls[0] += 1

    work = {"slow": lambda: released.wait(20), "broken": fail, "quick": count}
    try:
        async with running(Scheduler({name: Schedule(0.1, do) for name, do in work.items()})):
            await until(lambda: calls[0] >= 2)
            released.set()
    finally:
        released.set()


@pytest.mark.slow
async def test_a_task_is_not_called_while_it_still_runs() -> None:
    released, begun, others = threading.Event(), [0], [0]

    def hang() -> None:
        begun[0] += 1
        released.wait(20)

    def count() -> None:
        others[0] += 1

    try:
        async with running(Scheduler({"slow": Schedule(0.01, hang), "quick": Schedule(0.1, count)})):
            await until(lambda: others[0] >= 3)
            released.set()
    finally:
        released.set()

    assert begun == [1]


async def test_a_scheduler_that_ticks_is_ready() -> None:
    await tick_all()

    assert "ticked" in await check_scheduler()


@pytest.mark.parametrize("seconds", [70, 3600])
async def test_a_scheduler_that_has_not_ticked_for_a_minute_is_not_ready(seconds: float) -> None:
    await tick_all()
    await let_pass(seconds)

    with pytest.raises(SchedulerStopped, match=f"for {seconds} s"):
        await check_scheduler()


async def test_a_scheduler_that_has_never_ticked_is_not_ready() -> None:
    with pytest.raises(SchedulerStopped, match="never"):
        await check_scheduler()


async def test_a_schedule_that_came_with_a_release_and_has_not_run_yet_is_not_late() -> None:
    await tick_all()
    new = Schedule(1.0, lambda: None)

    with SCHEDULES.override({**SCHEDULES.load(), "new": new}):
        assert "ticked" in await check_scheduler()


async def test_one_schedule_that_hangs_is_named() -> None:
    await tick_all()
    await let_pass(70)
    for name in (HEARTBEAT, *SCHEDULES.names()):
        if name != "runs.relay":
            await claim_tick(name, 0)

    with pytest.raises(SchedulerStopped, match=r"runs\.relay"):
        await check_scheduler()


@pytest.mark.slow
async def test_the_doctor_fails_while_the_scheduler_stands_still(
    database: str, broker: str, set_environment: SetEnvironment
) -> None:
    done = run_app("doctor", DATABASE_URL=database, BROKER_URL=broker)

    assert (done.returncode, "✗ scheduler" in done.stdout) == (1, True), done.stdout
