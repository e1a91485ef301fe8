"""All SQL on runs. Each change of state is one transaction: the row, its event, and the announcement.

Times are compared by the database's clock alone, so workers whose clocks differ agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.workflow import Workflow
from app.db import transaction
from app.runs.models import Run, RunEvent, RunSchedule, RunStep, Status

CHANNEL = "run_events"
"""The PostgreSQL channel on which each event is announced; the payload is the run's id."""

_NOW = func.clock_timestamp()
_LOST_AFTER = timedelta(minutes=5)
"""A message that has not led to a claim after this time is sent again."""
_ENDED: dict[str, Any] = {
    "lease": None,
    "lease_until": None,
    "finished_at": _NOW,
    "callback_due_at": case((Run.callback_url.is_not(None), _NOW)),
}
"""What changes in a row when its run ends, whichever way."""


async def insert_run(run: Run) -> Run:
    """Store a new run; or return the one that has its idempotency key already."""
    values = {name: getattr(run, name) for name in _INSERTED}
    statement = insert(Run).values(values).on_conflict_do_nothing(index_elements=["idempotency_key"])
    async with transaction() as session:
        stored: Run | None = await session.scalar(statement.returning(Run))
        if stored is None:
            same_key = select(Run).where(Run.idempotency_key == run.idempotency_key)
            return (await session.scalars(same_key)).one()
        await _announce(session, stored.id, Status.queued, {})
        return stored


_INSERTED = (
    "id",
    "workflow",
    "status",
    "input",
    "priority",
    "callback_url",
    "idempotency_key",
    "request_digest",
    "request_id",
)


async def get_run(run_id: UUID) -> Run | None:
    """Return a run."""
    async with transaction() as session:
        return await session.get(Run, run_id)


@dataclass(frozen=True)
class Page:
    """Where a page of runs begins, and what it holds."""

    limit: int
    before: UUID | None = None
    status: Status | None = None
    workflow: str | None = None


async def list_runs(page: Page) -> Sequence[Run]:
    """Return runs, the newest first. Ids are sorted by time, so an id is a position."""
    statement = select(Run).order_by(Run.id.desc()).limit(page.limit)
    if page.before:
        statement = statement.where(Run.id < page.before)
    if page.status:
        statement = statement.where(Run.status == page.status)
    if page.workflow:
        statement = statement.where(Run.workflow == page.workflow)
    async with transaction() as session:
        return (await session.scalars(statement)).all()


async def events_after(run_id: UUID, event_id: int) -> Sequence[RunEvent]:
    """Return what happened to a run after an event, in order."""
    statement = select(RunEvent).where(RunEvent.run_id == run_id, RunEvent.id > event_id)
    async with transaction() as session:
        return (await session.scalars(statement.order_by(RunEvent.id))).all()


async def mark_sent(run_id: UUID) -> None:
    """Remember that the broker has taken a run's message."""
    async with transaction() as session:
        await session.execute(update(Run).where(Run.id == run_id).values(sent_at=_NOW))


async def claim(run_id: UUID, workflow: Workflow[Any, Any] | None, lease: timedelta) -> Run | None:
    """Take a run for one attempt; None if it is not to be had.

    It is to be had when it is queued and due, or when the lease of the worker that had it has ended. Of
    two workers that try at the same time, the row's lock lets one through.
    """
    statement = (
        update(Run)
        .where(Run.id == run_id, _can_be_claimed())
        .values(
            status=Status.running,
            attempt=Run.attempt + 1,
            lease=new_id(),
            lease_until=_NOW + lease,
            started_at=func.coalesce(Run.started_at, _NOW),
        )
        .returning(Run)
    )
    async with transaction() as session:
        if workflow and not await _has_room(session, run_id, workflow):
            return None
        run = await session.scalar(statement)
        if run:
            await _announce(session, run.id, Status.running, {"attempt": run.attempt})
        return run


def _can_be_claimed() -> ColumnElement[bool]:
    return and_(
        Run.cancel_requested.is_(False),
        or_(
            and_(Run.status == Status.queued, Run.due_at <= _NOW),
            and_(Run.status == Status.running, Run.lease_until < _NOW),
        ),
    )


async def _has_room(session: AsyncSession, run_id: UUID, workflow: Workflow[Any, Any]) -> bool:
    """Check the workflow's limits; if they are reached, put the run off by a second."""
    if workflow.max_concurrency is None and workflow.max_per_minute is None:
        return True
    # one at a time may count, or two would both find room for one
    key = func.hashtextextended(f"runs:{workflow.name}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))
    same = Run.workflow == workflow.name
    running = select(func.count()).where(same, Run.status == Status.running, Run.lease_until >= _NOW)
    started = select(func.count()).where(same, Run.started_at > _NOW - timedelta(minutes=1))
    full = [
        limit is not None and (await session.scalar(count) or 0) >= limit
        for limit, count in ((workflow.max_concurrency, running), (workflow.max_per_minute, started))
    ]
    if not any(full):
        return True
    later = {"due_at": _NOW + timedelta(seconds=1), "sent_at": None}
    await session.execute(update(Run).where(Run.id == run_id, Run.status == Status.queued).values(later))
    return False


async def renew(run: Run, lease: timedelta) -> Run | None:
    """Renew a claim; None if another worker has taken over."""
    async with transaction() as session:
        renewed: Run | None = await session.scalar(_held(run).values(lease_until=_NOW + lease).returning(Run))
        return renewed


async def finish(run: Run, status: Status, **values: Any) -> bool:
    """Store how a run ended. False if the claim was lost: then the result is another worker's to give."""
    final = _held(run).values(status=status, **_ENDED, **values)
    return await _change(run.id, final, status, {"error": values.get("error")})


async def put_off(run: Run, wait: timedelta, error: dict[str, Any]) -> bool:
    """Let a run be tried again after a while. False if the claim was lost."""
    queued = _held(run).values(
        status=Status.queued, lease=None, lease_until=None, due_at=_NOW + wait, sent_at=None, error=error
    )
    data = {"attempt": run.attempt, "seconds": round(wait.total_seconds(), 1), "error": error}
    return await _change(run.id, queued, "retrying", data)


async def give_back(run: Run) -> bool:
    """Put a run back into the queue because its worker stops; this attempt does not count."""
    queued = _held(run).values(
        status=Status.queued, lease=None, lease_until=None, attempt=Run.attempt - 1, due_at=_NOW, sent_at=None
    )
    return await _change(run.id, queued, Status.queued, {"reason": "its worker was stopped"})


def _held(run: Run) -> Any:
    """Only who holds the lease may change a running run."""
    return update(Run).where(Run.id == run.id, Run.status == Status.running, Run.lease == run.lease)


async def cancel(run_id: UUID) -> None:
    """Cancel a run: at once if no worker has it; else that worker is told."""
    idle = or_(Run.status == Status.queued, and_(Run.status == Status.running, Run.lease_until < _NOW))
    final = (
        update(Run)
        .where(Run.id == run_id, idle)
        .values(status=Status.cancelled, cancel_requested=True, **_ENDED)
    )
    if await _change(run_id, final, Status.cancelled, {}):
        return
    asked = update(Run).where(Run.id == run_id, Run.status == Status.running).values(cancel_requested=True)
    async with transaction() as session:
        await session.execute(asked)
        await session.execute(select(func.pg_notify(CHANNEL, str(run_id))))


async def start_again(run_id: UUID) -> bool:
    """Queue a run that failed or was cancelled; it continues after its last finished step."""
    ended = Run.status.in_([Status.failed, Status.cancelled])
    queued = (
        update(Run)
        .where(Run.id == run_id, ended)
        .values(
            status=Status.queued,
            attempt=0,
            error=None,
            finished_at=None,
            cancel_requested=False,
            callback_due_at=None,
            callback_attempts=0,
            callback_delivered_at=None,
            due_at=_NOW,
            sent_at=None,
        )
    )
    return await _change(run_id, queued, Status.queued, {"reason": "retry was asked for"})


async def to_send(limit: int) -> Sequence[Run]:
    """Return runs that a worker should take now and of which none may know.

    Their message never went out or was lost, they wait no longer, or their worker has died.
    """
    unsent = or_(Run.sent_at.is_(None), Run.sent_at < _NOW - _LOST_AFTER)
    statement = (
        select(Run)
        .where(
            or_(and_(Run.status == Status.queued, unsent), Run.status == Status.running), _can_be_claimed()
        )
        .order_by(Run.priority.desc(), Run.due_at)
        .limit(limit)
    )
    async with transaction() as session:
        return (await session.scalars(statement)).all()


async def take_callbacks(limit: int, lease: timedelta) -> Sequence[Run]:
    """Return ended runs whose callers are to be told now. For as long as `lease` nobody else gets them."""
    due = select(Run.id).where(Run.callback_due_at <= _NOW).order_by(Run.callback_due_at).limit(limit)
    taken = (
        update(Run)
        .where(Run.id.in_(due.with_for_update(skip_locked=True)))
        .values(callback_attempts=Run.callback_attempts + 1, callback_due_at=_NOW + lease)
        .returning(Run)
    )
    async with transaction() as session:
        return (await session.scalars(taken)).all()


async def finish_callback(run: Run, *, delivered: bool) -> None:
    """Remember that a caller was told, or that it is given up."""
    values = {"callback_due_at": None, "callback_delivered_at": _NOW if delivered else None}
    await _change_callback(run, values)


async def put_off_callback(run: Run, wait: timedelta) -> None:
    """Let a caller be told again after a while."""
    await _change_callback(run, {"callback_due_at": _NOW + wait})


async def _change_callback(run: Run, values: dict[str, Any]) -> None:
    same_end = and_(Run.id == run.id, Run.finished_at == run.finished_at)  # it may be running again
    async with transaction() as session:
        await session.execute(update(Run).where(same_end).values(values))


async def last_time(schedule: str) -> tuple[datetime, datetime]:
    """Return when a schedule was last due, and what time it is. A new schedule counts from now."""
    new = insert(RunSchedule).values(name=schedule).on_conflict_do_nothing()
    async with transaction() as session:
        await session.execute(new)
        found = await session.execute(select(RunSchedule.last_at, _NOW).where(RunSchedule.name == schedule))
        last, now = found.one()
        return last, now


async def move_schedule(schedule: str, last: datetime, now: datetime) -> None:
    """Remember that a schedule was due, unless somebody else has done so."""
    same = and_(RunSchedule.name == schedule, RunSchedule.last_at == last)
    async with transaction() as session:
        await session.execute(update(RunSchedule).where(same).values(last_at=now))


async def finished_steps(run_id: UUID) -> dict[str, Any]:
    """Return the outputs of the steps that are done, by name."""
    statement = select(RunStep.name, RunStep.output).where(RunStep.run_id == run_id)
    async with transaction() as session:
        return {name: output["value"] for name, output in await session.execute(statement)}


async def keep_step(run: Run, name: str, value: Any) -> bool:
    """Store the output of a step. False if the claim was lost."""
    holds = select(Run.id).where(Run.id == run.id, Run.status == Status.running, Run.lease == run.lease)
    async with transaction() as session:
        if await session.scalar(holds.with_for_update()) is None:
            return False
        session.add(RunStep(run_id=run.id, name=name, output={"value": value}))
        await _announce(session, run.id, "step", {"name": name})
    return True


async def _change(run_id: UUID, statement: Any, event: str, data: dict[str, Any]) -> bool:
    async with transaction() as session:
        if await session.scalar(statement.returning(Run.id)) is None:
            return False
        await _announce(session, run_id, event, {k: v for k, v in data.items() if v is not None})
    return True


async def _announce(session: AsyncSession, run_id: UUID, event: str, data: dict[str, Any]) -> None:
    """Record an event, and tell those who listen once it is committed."""
    session.add(RunEvent(run_id=run_id, type=str(event), data=data))
    await session.flush()
    await session.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": CHANNEL, "id": str(run_id)})
