"""Carry out one run: claim it, run its workflow with no transaction open, store the outcome.

claim ──► work ──► succeeded
  │        ├─► a person has to decide: waiting, and queued again once that is done
  │        ├─► a retryable error: queued again after a wait, or failed after the last attempt
  │        ├─► another error: failed
  │        ├─► cancel was asked for: cancelled
  │        ├─► the worker is stopped: queued again
  │        └─► the claim was lost: nothing, another worker has the run
  └── cannot be claimed: nothing
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import Enum
from typing import Any
from uuid import UUID

import structlog
from pydantic import BaseModel

from app.core.backoff import backoff
from app.core.deadlines import deadline
from app.core.errors import AppError
from app.core.redaction import redact, redact_text
from app.core.scope import in_scope
from app.core.spans import Span, span
from app.db.errors import DatabaseUnavailable
from app.runs import repository
from app.runs.errors import ClaimLost, RunAbandoned, RunTimedOut, WorkflowChanged
from app.runs.events import get_listener
from app.runs.models import Run, Status
from app.runs.settings import RunsSettings
from app.runs.steps import DurableSteps
from app.workflows import WORKFLOWS, DecisionNeeded, get_workflow

log = structlog.get_logger(__name__)

_LONGEST_WAIT = 3600.0
_OUTAGE_SECONDS = 120.0
"""How long a message is held while the database is down; after that the relay sends it again, in minutes."""


class Interruption(Enum):
    """Why work was stopped from outside."""

    cancelled = "cancel was asked for"
    stopped = "its worker was stopped"
    lost = "another worker has taken over"


_at_work: dict[asyncio.Task[BaseModel], list[Interruption]] = {}
"""The runs that this process works on, each with the reason for its interruption, once there is one."""


async def execute(run_id: UUID) -> None:
    """Do the work of a run, once, however often its message arrives."""
    run = await _claim_patiently(run_id)
    if run is None:
        log.info("run.not_claimed", run_id=str(run_id))
        return
    with in_scope(
        run_id=str(run_id),
        request_id=run.request_id,
        traceparent=run.traceparent,
        caller=run.caller,
        rights=tuple(run.rights),
        groups=tuple(run.groups),
        workflow=run.workflow,
    ):
        log.info("run.started", attempt=run.attempt)
        with span("run", attempt=run.attempt) as piece:
            kept = await _attempt(run, piece)
        if not kept:
            log.warning("run.claim_lost", attempt=run.attempt)


async def _claim_patiently(run_id: UUID) -> Run | None:
    """Claim a run. With the database down, wait for it: the message would be lost if this failed."""
    clock = asyncio.get_running_loop().time
    gives_up = clock() + _OUTAGE_SECONDS
    while True:
        try:
            return await _claim(run_id)
        except DatabaseUnavailable as error:
            if clock() > gives_up:
                raise
            log.warning("run.waiting_for_database", run_id=str(run_id), reason=error.detail)
            await asyncio.sleep(random.uniform(0.5, 1.5))


async def _claim(run_id: UUID) -> Run | None:
    lease = timedelta(seconds=RunsSettings.load().lease_seconds)
    limited = {name: workflow for name, workflow in WORKFLOWS.load().items() if workflow.is_limited}
    if claimed := await repository.claim(run_id, lease, unless=limited):
        return claimed
    run = await repository.get_run(run_id)
    if run is None or run.workflow not in limited:
        return None
    return await repository.claim_limited(run_id, lease, limited[run.workflow])


async def _attempt(run: Run, piece: Span) -> bool:
    """Work on a claimed run and store how that ended. False if the claim was lost."""
    work = asyncio.create_task(_work(run))
    reasons = _at_work.setdefault(work, [])
    try:
        async with _lease_kept(run, work):
            output = await work
    except asyncio.CancelledError:
        if not reasons:
            raise
        return await _store_interruption(run, reasons[0])
    except ClaimLost:
        return False
    except DecisionNeeded as needed:
        log.info("run.waiting", step=needed.step)
        schema = needed.decision.model_json_schema()
        within = _decide_within(run)
        return await repository.wait_for_decision(run, needed.step, needed.question, schema, within)
    except AppError as error:
        piece.fail(error)
        log.warning("run.error", code=error.code, detail=error.detail)
        problem = {"code": error.code, "detail": redact_text(error.detail), "hint": error.hint}
        if error.details:
            problem["details"] = redact(error.details)
        return await _store_error(run, problem, retryable=error.retryable)
    except Exception as error:
        piece.fail(error)
        log.exception("run.broken")
        detail = "The workflow broke; the log has the details."
        problem = {"code": "internal-error", "detail": detail, "hint": None}
        return await _store_error(run, problem, retryable=True)
    finally:
        _at_work.pop(work, None)
    log.info("run.finished", status=Status.succeeded)
    return await repository.succeed(run, output.model_dump(mode="json"))


async def _work(run: Run) -> BaseModel:
    workflow = get_workflow(run.workflow)
    if run.attempt > workflow.max_attempts:  # the attempts before took their workers with them
        raise RunAbandoned(f"Its worker died in each of {workflow.max_attempts} attempts.")
    await _check_version(run, workflow.version)
    data = workflow.validate(run.input)
    steps = DurableSteps(run)
    async with deadline(workflow.time_limit, "It", RunTimedOut):
        output: BaseModel = await workflow.run(data, steps)
        return output


async def _check_version(run: Run, version: int) -> None:
    """Raise `WorkflowChanged` if the run has results of another version of its workflow."""
    if run.workflow_version == version or await repository.use_version(run, version):
        return
    raise WorkflowChanged(
        f"Version {run.workflow_version} of workflow {run.workflow!r} began this run; now it is {version}.",
        hint="Retry the run from its start: POST /v1/runs/{id}/retry?from_start=true.",
    )


def _decide_within(run: Run) -> timedelta | None:
    seconds = get_workflow(run.workflow).decide_within or RunsSettings.load().decide_within
    return timedelta(seconds=seconds) if seconds else None


@asynccontextmanager
async def _lease_kept(run: Run, work: asyncio.Task[BaseModel]) -> AsyncGenerator[None, None]:
    """Renew the lease while the work goes on."""
    async with get_listener().subscribe(run.id) as news:
        keeper = asyncio.create_task(_keep_lease(run, work, news))
        try:
            yield
        finally:
            # not cancelled: a connection that is given up while it is opened is lost to the pool
            news.set()
            await asyncio.gather(keeper, return_exceptions=True)


async def _keep_lease(run: Run, work: asyncio.Task[BaseModel], news: asyncio.Event) -> None:
    """Renew the lease in time; stop the work when cancel is asked for or the lease is lost.

    With the database down, the work goes on until the lease ends: then another worker may have it.
    """
    seconds = RunsSettings.load().lease_seconds
    clock = asyncio.get_running_loop().time
    ends = clock() + seconds
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds / 3):
                await news.wait()
        if work.done():
            return
        news.clear()
        asked = clock()
        try:
            renewed = await repository.renew(run, timedelta(seconds=seconds))
        except DatabaseUnavailable:
            if clock() < ends:
                continue
            renewed = None
        if renewed is None:
            _interrupt(work, Interruption.lost)
            return
        ends = asked + seconds
        if renewed.cancel_requested:
            _interrupt(work, Interruption.cancelled)
            return


def _interrupt(work: asyncio.Task[BaseModel], reason: Interruption) -> None:
    if work in _at_work:
        _at_work[work].append(reason)
    work.cancel()


async def stop_all() -> None:
    """Put back what this process works on and cannot finish in time. Called when the worker is stopped."""
    if not _at_work:
        return
    log.info("worker.stopping", runs=len(_at_work))
    await asyncio.wait(list(_at_work), timeout=RunsSettings.load().stop_seconds)
    for work in list(_at_work):
        _interrupt(work, Interruption.stopped)


async def _store_interruption(run: Run, reason: Interruption) -> bool:
    log.info("run.interrupted", reason=reason.value)
    match reason:
        case Interruption.cancelled:
            return await repository.finish(run, Status.cancelled)
        case Interruption.stopped:
            return await repository.release(run)
        case Interruption.lost:
            return False


async def _store_error(run: Run, problem: dict[str, Any], *, retryable: bool) -> bool:
    workflow = WORKFLOWS.get(run.workflow)
    if retryable and workflow and run.attempt < workflow.max_attempts:
        wait = backoff(run.attempt, first=RunsSettings.load().retry_seconds, longest=_LONGEST_WAIT)
        log.info("run.retrying", attempt=run.attempt, wait=round(wait, 1))
        return await repository.reschedule(run, timedelta(seconds=wait), problem)
    log.info("run.finished", status=Status.failed)
    return await repository.finish(run, Status.failed, **problem)
