"""All SQL on runs. Each change of state is one statement: the row, its event, and the announcement.

Times are compared by the database's clock alone, so workers whose clocks differ agree. The statements that
every run needs are built once (`@cache`): building one takes longer than executing it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Interval,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.db import autocommit, new_id, transaction
from app.runs.models import Run, RunEvent, RunStep, Status
from app.runs.recording import CHANNEL, change, recorded, with_event, with_step
from app.runs.step_repository import forget_steps
from app.workflows import Workflow

NOW = func.clock_timestamp()
NOBODY_HAS_IT = or_(
    Run.status.in_([Status.queued, Status.waiting]),
    and_(Run.status == Status.running, Run.lease_until < NOW),
)
"""The run is not with a worker, or with one that has died."""
_NOTIFIED: dict[str, Any] = {
    "callback_event_at": case((Run.callback_url.is_not(None), NOW)),
    "callback_due_at": case((Run.callback_url.is_not(None), NOW)),
    "callback_attempts": 0,
    "callback_delivered_at": None,
}
"""What changes in a row when its caller is to be notified of its new state."""
_NOT_NOTIFIED: dict[str, Any] = {
    "callback_event_at": None,
    "callback_due_at": None,
    "callback_attempts": 0,
    "callback_delivered_at": None,
}
ENDED: dict[str, Any] = {
    "lease": None,
    "lease_until": None,
    "waiting_for": None,
    "expires_at": None,
    "finished_at": NOW,
    **_NOTIFIED,
}
"""What changes in a row when its run ends, whichever way."""


async def insert_run(run: Run) -> Run:
    """Store a new run; or return the one that has its idempotency key already.

    It counts as sent: its message goes out next. If it does not, say so with `mark_sent`.
    """
    values = {f"new_{name}": getattr(run, name) for name in _INSERTED}
    values |= {"new_rights": run.rights or [], "new_groups": run.groups or []}
    # on a conflict nothing is inserted and nothing returned: the key's first run is then committed, and read
    if stored := await change(_insert(), Status.queued, values):
        return stored
    async with autocommit() as session:
        return (await session.scalars(select(Run).where(Run.idempotency_key == run.idempotency_key))).one()


_INSERTED = (
    "id",
    "workflow",
    "workflow_version",
    "caller",
    "rights",
    "groups",
    "status",
    "input",
    "priority",
    "callback_url",
    "idempotency_key",
    "request_digest",
    "request_id",
    "traceparent",
)


@cache
def _insert() -> Select[Run, Any]:
    # compiled once: building a statement costs more than running it
    new = insert(Run).values(
        {name: bindparam(f"new_{name}") for name in _INSERTED} | {"sent_at": NOW, "sends": 1}
    )
    return recorded(new.on_conflict_do_nothing(index_elements=["idempotency_key"]))


async def get_run(run_id: UUID) -> Run | None:
    """Return a run."""
    async with autocommit() as session:
        return await session.get(Run, run_id)


@dataclass(frozen=True)
class Page:
    """Where a page of runs begins, and what it holds."""

    limit: int
    before: UUID | None = None
    status: Status | None = None
    workflow: str | None = None
    caller: str | None = None
    """Only the runs of this caller; None: those of all."""


async def list_runs(page: Page) -> Sequence[Run]:
    """Return runs, the newest first, without what they carry: inputs and outputs can be megabytes.

    Ids are sorted by time, so an id is a position.
    """
    # `raiseload`: reading one of these later is an error here, not a query for each row
    carried = (Run.input, Run.output, Run.waiting_for)
    statement = select(Run).options(*(defer(column, raiseload=True) for column in carried))
    statement = statement.order_by(Run.id.desc()).limit(page.limit)
    if page.caller is not None:
        statement = statement.where(Run.caller == page.caller)
    if page.before:
        statement = statement.where(Run.id < page.before)
    if page.status:
        statement = statement.where(Run.status == page.status)
    if page.workflow:
        statement = statement.where(Run.workflow == page.workflow)
    async with autocommit() as session:
        return (await session.scalars(statement)).all()


async def events_after(run_id: UUID, event_id: int) -> Sequence[RunEvent]:
    """Return what happened to a run after an event, in order."""
    statement = select(RunEvent).where(RunEvent.run_id == run_id, RunEvent.id > event_id)
    async with autocommit() as session:
        return (await session.scalars(statement.order_by(RunEvent.id))).all()


async def mark_sent(run_id: UUID, *, sent: bool = True) -> None:
    """Remember whether the broker has taken a run's message. If it has not, the relay sends it."""
    values = {"sent_at": NOW, "sends": Run.sends + 1} if sent else {"sent_at": None}
    async with autocommit() as session:
        await session.execute(update(Run).where(Run.id == run_id).values(values))


async def claim(run_id: UUID, lease: timedelta, *, unless: Collection[str] = ()) -> Run | None:
    """Claim a run for one attempt; None if it cannot be claimed, or belongs to one of the workflows `unless`.

    It can be claimed when it is queued and due, or when the lease of the worker that had it has ended. Of
    two workers that try at the same time, the row's lock lets one through.
    """
    return await change(_claim(), Status.running, {**_claim_values(run_id, lease), "unless": list(unless)})


async def claim_limited(run_id: UUID, lease: timedelta, workflow: Workflow[Any, Any]) -> Run | None:
    """The same for a workflow with limits: if they are reached the run is put off by a second."""
    async with transaction() as session:
        # the count and the claim are one transaction, under the lock that `_has_room` takes
        if not await _has_room(session, run_id, workflow):
            return None
        values = {**_claim_values(run_id, lease), "unless": []}
        run: Run | None = await session.scalar(_claim(), with_event(values, Status.running, {}))
        return run


def _claim_values(run_id: UUID, lease: timedelta) -> dict[str, Any]:
    return {"run_id": run_id, "seconds": lease, "new_lease": new_id()}


@cache
def _claim() -> Select[Run, Any]:
    unless = Run.workflow.not_in(bindparam("unless", expanding=True))
    return recorded(
        update(Run)
        .where(Run.id == bindparam("run_id"), can_be_claimed(), unless)
        .values(
            status=Status.running,
            # a claim is proof that a message arrived: the relay's count begins again
            attempt=Run.attempt + 1,
            sends=0,
            lease=bindparam("new_lease"),
            lease_until=NOW + bindparam("seconds", type_=Interval),
            started_at=func.coalesce(Run.started_at, NOW),
        )
    )


def can_be_claimed() -> ColumnElement[bool]:
    return and_(
        Run.cancel_requested.is_(False),
        or_(
            and_(Run.status == Status.queued, Run.due_at <= NOW),
            # its worker has died, or hangs: whatever that one stores later, it no longer holds the lease
            and_(Run.status == Status.running, Run.lease_until < NOW),
        ),
    )


async def _has_room(session: AsyncSession, run_id: UUID, workflow: Workflow[Any, Any]) -> bool:
    """Check the workflow's limits; if they are reached, put the run off by a second."""
    # one at a time may count, or two would both find room for one
    key = func.hashtextextended(f"runs:{workflow.name}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))
    same = Run.workflow == workflow.name
    # a run whose worker has died takes no place, or its successor could never start
    running = select(func.count()).where(same, Run.status == Status.running, Run.lease_until >= NOW)
    started = select(func.count()).where(same, Run.started_at > NOW - timedelta(minutes=1))
    full = [
        limit is not None and (await session.scalar(count) or 0) >= limit
        for limit, count in ((workflow.max_concurrency, running), (workflow.max_per_minute, started))
    ]
    if not any(full):
        return True
    # `sent_at` None: this message is used up, so the relay sends another one when the run is due
    later = {"due_at": NOW + timedelta(seconds=1), "sent_at": None}
    await session.execute(update(Run).where(Run.id == run_id, Run.status == Status.queued).values(later))
    return False


async def renew(run: Run, lease: timedelta) -> Run | None:
    """Renew a claim; None if another worker has taken over."""
    async with autocommit() as session:
        renewed: Run | None = await session.scalar(_held(run).values(lease_until=NOW + lease).returning(Run))
        return renewed


async def succeed(run: Run, output: dict[str, Any]) -> bool:
    """Store the result of a run. False if the claim was lost: then the result is another worker's to give."""
    values = {"run_id": run.id, "held_lease": run.lease, "new_output": output}
    return await change(_success(), Status.succeeded, values) is not None


@cache
def _success() -> Select[Run, Any]:
    held = update(Run).where(
        Run.id == bindparam("run_id"), Run.status == Status.running, Run.lease == bindparam("held_lease")
    )
    new = {"status": Status.succeeded, "output": bindparam("new_output"), "error": None, **ENDED}
    return recorded(held.values(new))


async def finish(run: Run, status: Status, **error: Any) -> bool:
    """Store that a run has failed, with its error, or was cancelled. False if the claim was lost."""
    values = {"error": error} if error else {}
    final = _held(run).values(status=status, **ENDED, **values)
    return await change(recorded(final), status, **values) is not None


async def reschedule(run: Run, wait: timedelta, error: dict[str, Any]) -> bool:
    """Let a run be tried again after a while. False if the claim was lost."""
    # the error stays visible while the run waits for its next attempt
    queued = _held(run).values(
        status=Status.queued, lease=None, lease_until=None, due_at=NOW + wait, sent_at=None, error=error
    )
    seconds = round(wait.total_seconds(), 1)
    return await change(recorded(queued), "retrying", seconds=seconds, error=error) is not None


async def release(run: Run) -> bool:
    """Put a run back into the queue because its worker stops; this attempt does not count."""
    queued = _held(run).values(
        status=Status.queued, lease=None, lease_until=None, attempt=Run.attempt - 1, due_at=NOW, sent_at=None
    )
    return await change(recorded(queued), Status.queued, reason="its worker was stopped") is not None


async def wait_for_decision(
    run: Run, step: str, question: Any, schema: dict[str, Any], within: timedelta | None = None
) -> bool:
    """Let a run wait for a person, perhaps not forever; this attempt does not count.

    False if the claim was lost.
    """
    waiting_for = {"step": step, "question": question, "decision_schema": schema}
    waiting = _held(run).values(
        status=Status.waiting,
        lease=None,
        lease_until=None,
        attempt=Run.attempt - 1,
        waiting_for=waiting_for,
        expires_at=None if within is None else NOW + within,
        **_NOTIFIED,
    )
    return await change(recorded(waiting), Status.waiting, step=step, question=question) is not None


async def decide(run_id: UUID, step: str, decision: dict[str, Any], by: str) -> bool:
    """Keep what a person decided as the step's output, and queue the run. False if it waits no longer."""
    # guarded by state and step: of two decisions at the same time, one finds the run still waiting
    waits = and_(Run.id == run_id, Run.status == Status.waiting, Run.waiting_for["step"].as_string() == step)
    queued = (
        update(Run)
        .where(waits, or_(Run.expires_at.is_(None), Run.expires_at > NOW))
        .values(
            status=Status.queued,
            waiting_for=None,
            expires_at=None,
            due_at=NOW,
            sent_at=None,
            **_NOT_NOTIFIED,
        )
    )
    # output, state, event and announcement in one statement: a crash leaves all of them or none
    changed = queued.returning(*Run.__table__.c).cte("changed")
    statement = with_step(changed, step, decision)
    return await change(statement, "decided", step=step, by=by, approved=decision["approved"]) is not None


def _held(run: Run) -> Any:
    """Only who holds the lease may change a running run."""
    return update(Run).where(Run.id == run.id, Run.status == Status.running, Run.lease == run.lease)


async def cancel(run_id: UUID) -> None:
    """Cancel a run: at once if no worker has it; else that worker is notified."""
    final = (
        update(Run)
        .where(Run.id == run_id, NOBODY_HAS_IT)
        .values(status=Status.cancelled, cancel_requested=True, **ENDED)
    )
    if await change(recorded(final), Status.cancelled):
        return
    # a worker has it: only that one may end it, and it listens
    asked = update(Run).where(Run.id == run_id, Run.status == Status.running).values(cancel_requested=True)
    async with transaction() as session:
        await session.execute(asked)
        await session.execute(select(func.pg_notify(CHANNEL, str(run_id))))


async def requeue(run_id: UUID, version: int, *, from_start: bool = False) -> bool:
    """Queue a run that failed or was cancelled; it continues after its last finished step, or begins anew.

    `version` is that of its workflow as it is now; a run with kept steps keeps its own.
    """
    has_steps = select(RunStep.name).where(RunStep.run_id == run_id).exists()
    if from_start:
        await forget_steps(run_id)
    ended = Run.status.in_([Status.failed, Status.cancelled])
    queued = (
        update(Run)
        .where(Run.id == run_id, ended)
        .values(
            status=Status.queued,
            attempt=0,
            # kept outputs belong to the version that made them
            workflow_version=case((has_steps, Run.workflow_version), else_=version),
            error=None,
            finished_at=None,
            cancel_requested=False,
            due_at=NOW,
            sent_at=None,
            **_NOT_NOTIFIED,
        )
    )
    return await change(recorded(queued), Status.queued, reason="retry was requested") is not None


async def use_version(run: Run, version: int) -> bool:
    """Let a run without kept steps go on with another version of its workflow. False if it has some."""
    has_steps = select(RunStep.name).where(RunStep.run_id == run.id).exists()
    changed = _held(run).where(~has_steps).values(workflow_version=version).returning(Run.id)
    async with autocommit() as session:
        return await session.scalar(changed) is not None
