"""Start runs on a schedule, as `RUNS_SCHEDULES` says.

What was due while nothing ran is started once, as soon as something does. Two that look at the same time
start one run: they give it the same idempotency key.
"""

import contextlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog
from cronsim import CronSim

from app.core.errors import ConfigurationError, InvalidInput
from app.core.scope import ADMIN, in_scope
from app.runs import due
from app.runs.dispatch import start_run
from app.runs.errors import RunConflict
from app.runs.settings import RunsSettings, ScheduledRun
from app.workflows import get_workflow

log = structlog.get_logger(__name__)


async def start_due_runs() -> None:
    """Start the runs that are due. A schedule that cannot be started is logged, and delays no other."""
    for schedule in RunsSettings.load().schedules:
        try:
            await _start_if_due(schedule)
        except InvalidInput as error:
            log.error("schedule.invalid", schedule=schedule.name, reason=str(error))


async def _start_if_due(schedule: ScheduledRun) -> None:
    last, now = await due.last_time(schedule.name)
    if next_time(schedule, last) > now:
        return
    log.info("schedule.due", schedule=schedule.name, workflow=schedule.workflow)
    key = f"schedule {schedule.name} {last.astimezone(UTC).isoformat()}"
    caller = f"schedule:{schedule.name}"
    with (
        contextlib.suppress(RunConflict),  # started already, and its input was changed since
        in_scope(caller=caller, rights=(ADMIN,)),  # who writes the settings may do everything
    ):
        await start_run(schedule.workflow, schedule.input, caller=caller, idempotency_key=key)
    await due.move_schedule(schedule.name, last, now)


def next_time(schedule: ScheduledRun, after: datetime) -> datetime:
    """Return when a schedule is next due after a time."""
    return next(CronSim(schedule.cron, after.astimezone(ZoneInfo(schedule.time_zone))))


def check_schedules() -> None:
    """Raise `ConfigurationError` if a schedule names no workflow, or its input does not fit."""
    for schedule in RunsSettings.load().schedules:
        try:
            get_workflow(schedule.workflow).validate(schedule.input)
        except InvalidInput as error:
            raise ConfigurationError(
                f"RUNS_SCHEDULES is wrong: schedule {schedule.name!r}: {error}"
            ) from None
