"""The scheduler: calls the tasks of all schedules, each in its interval.

It is one loop in one process: nothing is forked, queued or kept in a file. When a schedule last ran stands
in PostgreSQL, so a restarted scheduler goes on where the last one stopped, and of two schedulers one runs
each tick. A task that takes long, or fails, delays only itself.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.core.errors import AppError
from app.core.settings import AppSettings
from app.core.threads import run_in_thread
from app.db import DatabaseSettings, autocommit, other_connections
from app.worker.errors import SchedulerStopped
from app.worker.extensions import SCHEDULES, Schedule
from app.worker.models import ScheduleTick

log = structlog.get_logger(__name__)

HEARTBEAT = "beat"
_LOOK_SECONDS = 0.5
_SILENT_AFTER = 60.0
_MISSED_TICKS = 3
_GRACE_SECONDS = 5.0

_NOW = func.clock_timestamp()

_BEAT = Schedule(seconds=10, work=lambda: None)
"""Claiming its tick is all that it does."""


class Scheduler:
    """Runs schedules until it is stopped, each in a thread."""

    def __init__(self, schedules: Mapping[str, Schedule]) -> None:
        self._schedules = {HEARTBEAT: _BEAT, **schedules}
        self._next: dict[str, float] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Tick until `stopping` is set; then give running tasks a moment to end."""
        while not self.stopping.is_set():
            try:
                await self._tick()
            except AppError as error:  # the database is down: go on when it is back
                log.warning("scheduler.waiting", reason=error.detail)
            except Exception:
                log.exception("scheduler.broken")
            await self._pause()
        if self._running:
            await asyncio.wait(self._running.values(), timeout=_GRACE_SECONDS)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self.stopping.wait()
        except TimeoutError:
            return

    async def _tick(self) -> None:
        now = asyncio.get_running_loop().time()
        for name, schedule in self._schedules.items():
            if name in self._running or self._next.get(name, now) > now:
                continue
            if await claim_tick(name, schedule.seconds):
                self._start(name, schedule)
            self._next[name] = now + min(schedule.seconds, _LOOK_SECONDS * 2)

    def _start(self, name: str, schedule: Schedule) -> None:
        task = asyncio.create_task(self._do(name, schedule))
        self._running[name] = task
        task.add_done_callback(lambda _task: self._running.pop(name))

    async def _do(self, name: str, schedule: Schedule) -> None:
        try:
            await run_in_thread(schedule.work)
        except AppError as error:
            log.warning("scheduler.task_failed", schedule=name, reason=error.detail)
        except Exception:
            log.exception("scheduler.task_broken", schedule=name)


async def claim_tick(name: str, seconds: float) -> bool:
    """Whether a schedule is due, and this process is the one to run it."""
    due = ScheduleTick.last_at <= _NOW - timedelta(seconds=seconds)
    new = insert(ScheduleTick).values(name=name, last_at=_NOW)
    claimed = new.on_conflict_do_update(index_elements=["name"], set_={"last_at": _NOW}, where=due).returning(
        ScheduleTick.name
    )
    async with autocommit() as session:
        return await session.scalar(claimed) is not None


async def check_scheduler() -> str:
    """Say when the scheduler last ticked. Raises `SchedulerStopped` if a schedule is overdue."""
    async with autocommit() as session:
        rows = (await session.execute(select(ScheduleTick.name, ScheduleTick.last_at, _NOW))).all()
        found = {name: (now - last_at).total_seconds() for name, last_at, now in rows}
        if late := _late(found):
            if await _nothing_runs_yet():
                return "not running: `app dev` starts it"
            raise SchedulerStopped(late, hint="Start `app beat`, or look into its log.")
    return f"ticked {found[HEARTBEAT]:.0f} s ago"


def _late(ages: Mapping[str, float]) -> str | None:
    """Return a sentence on the schedule that is most overdue; `ages` are seconds since each last ran.

    One that has never run is not: it came with a release whose scheduler starts after the API is ready.
    """
    if HEARTBEAT not in ages:
        return "The scheduler has never run."
    schedules = {HEARTBEAT: _BEAT, **SCHEDULES.load()}
    allowed = {name: max(_SILENT_AFTER, _MISSED_TICKS * s.seconds) for name, s in schedules.items()}
    over = {name: ages[name] for name in allowed.keys() & ages if ages[name] > allowed[name]}
    if not over:
        return None
    name = max(over, key=over.__getitem__)
    return f"The scheduler has not run {name!r} for {over[name]:.0f} s."


async def _nothing_runs_yet() -> bool:
    """Whether this is a development machine on which `app dev` has not been started."""
    is_development = AppSettings.load().environment == "development"
    is_embedded = DatabaseSettings.load().url is None
    return is_development and is_embedded and await other_connections() == 0
