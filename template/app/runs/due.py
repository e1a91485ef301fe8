"""The SQL of what falls due as time passes: messages to send, decisions that expire, callbacks, schedules."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, case, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from app.db import autocommit, transaction
from app.runs.errors import DecisionExpired
from app.runs.models import Run, RunSchedule, Status
from app.runs.recording import recorded, with_event
from app.runs.repository import ENDED, NOBODY_HAS_IT, NOW, can_be_claimed

_LOST_AFTER = timedelta(minutes=5)
"""A message that has not led to a claim after this time is sent again. The time doubles with each message:
while all workers are down, a run gets some ten of them in a day, not one every two seconds."""
_MOST_DOUBLINGS = 7
_FIRST_LOST_AFTER = timedelta(seconds=4)
"""The same for a run's first message, before which the API may have died."""


async def to_send(limit: int, limited: Mapping[str, int] = MappingProxyType({})) -> Sequence[Run]:
    """Return runs that a worker should take now and that have no live message.

    Their message never went out or was lost, their delay has elapsed, or their worker has died. Of a workflow
    with limits only as many as `limited` says, the oldest first: the others would only be rescheduled.
    """
    is_first = and_(Run.sends == 1, Run.sent_at < Run.created_at + timedelta(seconds=1))
    doubled = _LOST_AFTER * func.power(2, func.least(func.greatest(Run.sends - 1, 0), _MOST_DOUBLINGS))
    lost_after = case((is_first, _FIRST_LOST_AFTER), else_=doubled)
    has_no_message = or_(
        Run.sent_at.is_(None),
        Run.sent_at < NOW - lost_after,
        and_(Run.status == Status.running, Run.sent_at < Run.lease_until),  # sent before its worker died
    )
    order = (Run.priority.desc(), Run.id)
    place = func.row_number().over(partition_by=Run.workflow, order_by=order)
    room = case(limited, value=Run.workflow, else_=limit) if limited else literal(limit)
    found = select(Run.id, place.label("place"), room.label("room"))
    candidates = found.where(has_no_message, can_be_claimed()).subquery()
    statement = (
        select(Run)
        .join(candidates, candidates.c.id == Run.id)
        .where(candidates.c.place <= candidates.c.room)
        .order_by(*order)
        .limit(limit)
    )
    async with autocommit() as session:
        return (await session.scalars(statement)).all()


async def finish_cancelled() -> int:
    """End runs whose cancellation nobody carried out: their worker died, or they were requeued."""
    final = update(Run).where(Run.cancel_requested, NOBODY_HAS_IT).values(status=Status.cancelled, **ENDED)
    values = with_event({}, Status.cancelled, {})
    async with autocommit() as session:
        return len((await session.scalars(recorded(final), values)).all())


async def finish_expired() -> int:
    """Fail the runs whose decision nobody has taken in time."""
    error = {"code": DecisionExpired.code, "detail": "Nobody decided in time.", "hint": None}
    expired = update(Run).where(Run.status == Status.waiting, Run.expires_at <= NOW)
    final = expired.values(status=Status.failed, error=error, **ENDED)
    values = with_event({}, Status.failed, {"error": error})
    async with autocommit() as session:
        return len((await session.scalars(recorded(final), values)).all())


async def take_callbacks(limit: int, lease: timedelta) -> Sequence[Run]:
    """Return runs whose callers are to be notified now. For as long as `lease` nobody else gets them."""
    due = select(Run.id).where(Run.callback_due_at <= NOW).order_by(Run.callback_due_at).limit(limit)
    taken = (
        update(Run)
        .where(Run.id.in_(due.with_for_update(skip_locked=True)))
        .values(callback_attempts=Run.callback_attempts + 1, callback_due_at=NOW + lease)
        .returning(Run)
    )
    async with autocommit() as session:
        return (await session.scalars(taken)).all()


async def finish_callback(run: Run, *, delivered: bool) -> None:
    """Remember that a callback was delivered, or that it is given up."""
    values = {"callback_due_at": None, "callback_delivered_at": NOW if delivered else None}
    await _change_callback(run, values)


async def reschedule_callback(run: Run, wait: timedelta) -> None:
    """Retry a callback after a while."""
    await _change_callback(run, {"callback_due_at": NOW + wait})


async def _change_callback(run: Run, values: dict[str, Any]) -> None:
    # it may have changed its state since
    same_event = and_(Run.id == run.id, Run.callback_event_at == run.callback_event_at)
    async with autocommit() as session:
        await session.execute(update(Run).where(same_event).values(values))


async def last_time(schedule: str) -> tuple[datetime, datetime]:
    """Return when a schedule was last due, and what time it is. A new schedule counts from now."""
    new = insert(RunSchedule).values(name=schedule).on_conflict_do_nothing()
    async with transaction() as session:
        await session.execute(new)
        found = await session.execute(select(RunSchedule.last_at, NOW).where(RunSchedule.name == schedule))
        last, now = found.one()
        return last, now


async def move_schedule(schedule: str, last: datetime, now: datetime) -> None:
    """Remember that a schedule was due, unless somebody else has done so."""
    same = and_(RunSchedule.name == schedule, RunSchedule.last_at == last)
    async with autocommit() as session:
        await session.execute(update(RunSchedule).where(same).values(last_at=now))
