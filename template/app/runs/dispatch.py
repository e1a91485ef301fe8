"""What puts a run into its queue: its start, a decision that it waits for, and the relay for all others.

The row is committed before its id is sent. Whatever happens to the message, the relay sends it again.
"""

import hashlib
import json
from typing import Any

import structlog

from app.core.errors import InvalidInput
from app.core.scope import current_scope
from app.core.spans import traceparent
from app.core.text import storable
from app.db import new_id
from app.runs import due, repository, step_repository
from app.runs.callbacks import check_callback_url
from app.runs.errors import RunConflict
from app.runs.models import Run, Status
from app.runs.tasks import EXECUTE
from app.worker import publish
from app.worker.errors import BrokerUnavailable
from app.workflows import WORKFLOWS, Workflow, check_decision, get_workflow

log = structlog.get_logger(__name__)

_BATCH = 500


async def start_run(
    workflow: str,
    data: dict[str, Any],
    *,
    caller: str | None = None,
    priority: int = 5,
    callback_url: str | None = None,
    idempotency_key: str | None = None,
) -> Run:
    """Accept a run. Raises `InvalidInput` if the workflow is unknown, the input does not fit it, or the
    callback URL is refused.

    `caller` is the key or subject that the run belongs to (`Principal.id`); None: nobody but administrators.
    What it may do is taken from the scope, and travels with the run.
    The row is committed before its id is queued, so the worker always finds it. If the broker is down
    the run is accepted all the same: the relay sends it later. The same idempotency key gives the same run;
    with another request it raises `RunConflict`.
    """
    definition = get_workflow(workflow)
    checked = definition.validate(data).model_dump(mode="json")
    if callback_url is not None:
        await check_callback_url(callback_url)
    request = json.dumps([workflow, checked, priority, callback_url], sort_keys=True)
    digest = hashlib.sha256(request.encode()).hexdigest()
    scope = current_scope()
    run = Run(
        id=new_id(),
        workflow=workflow,
        workflow_version=definition.version,
        caller=caller,
        rights=list(scope.rights) if scope.caller == caller else [],
        groups=list(scope.groups) if scope.caller == caller else [],
        status=Status.queued,
        input=checked,
        priority=priority,
        callback_url=callback_url,
        idempotency_key=idempotency_key,
        request_digest=digest,
        request_id=scope.request_id,
        traceparent=traceparent(),
    )
    stored = await repository.insert_run(run)
    if stored.id != run.id:
        return _same_request(stored, digest)
    log.info("run.accepted", run_id=str(run.id), workflow=workflow)
    if not await send(stored):
        await repository.mark_sent(stored.id, sent=False)
    return stored


def _same_request(stored: Run, digest: str) -> Run:
    if stored.request_digest != digest:
        raise RunConflict(
            "This Idempotency-Key belongs to another request.", hint="Use a new key for a new request."
        )
    log.info("run.repeated", run_id=str(stored.id))
    return stored


async def decide(run: Run, data: dict[str, Any], *, step: str, by: str) -> None:
    """Keep a decision of a step and queue the run. `by` is who decided, for the run's events.

    Raises `InvalidInput` if it does not fit what is asked, `RunConflict` if the run does not wait for it. The
    same decision of the same step again changes nothing, whoever sends it and whatever waits by then.
    """
    decision = check_decision(get_workflow(run.workflow).decision_of(step), data)
    value = decision.model_dump(mode="json")
    try:
        storable(value)
    except ValueError as error:
        raise InvalidInput(str(error)) from None
    if run.status == Status.waiting and await repository.decide(run.id, step, value, by):
        log.info("run.decided", run_id=str(run.id), step=step, by=by, approved=decision.approved)
        if await send(run):
            await repository.mark_sent(run.id)
        return
    if not await _is_repeated(run, step, value):
        raise _conflict(run, step)


async def _is_repeated(run: Run, step: str, value: dict[str, Any]) -> bool:
    """Whether the same was decided for this step before."""
    events = await repository.events_after(run.id, 0)
    decided = any(event.type == "decided" and event.data["step"] == step for event in events)
    return decided and (await step_repository.finished_steps(run.id)).get(step) == value


def _conflict(run: Run, step: str) -> RunConflict:
    asked = (run.waiting_for or {}).get("step")
    where = f" for {asked!r}" if asked else ""
    return RunConflict(
        f"The run is {run.status}{where}: it does not wait for a decision of {step!r}, or another was taken."
    )


async def relay() -> int:
    """Queue the runs that a worker should take now, and return how many. Twice queued is once done."""
    if cancelled := await due.finish_cancelled():
        log.info("runs.cancelled", count=cancelled)
    if expired := await due.finish_expired():
        log.info("runs.expired", count=expired)
    runs = await due.to_send(_BATCH, _limited())
    sent = 0
    for run in runs:
        if not await send(run):  # the broker is down: the others would only wait for it too
            break
        await repository.mark_sent(run.id)
        sent += 1
    if runs:
        log.info("runs.relayed", count=sent, waiting=len(runs) - sent)
    return sent


def _limited() -> dict[str, int]:
    """Return how many runs of each workflow with limits may be sent at the same time."""
    return {name: _room(workflow) for name, workflow in WORKFLOWS.load().items() if workflow.is_limited}


def _room(workflow: Workflow[Any, Any]) -> int:
    limits = (workflow.max_concurrency, workflow.max_per_minute)
    return min(limit for limit in limits if limit is not None)


async def send(run: Run) -> bool:
    """Queue a run. False if the broker does not take it: then the relay tries again."""
    workflow = WORKFLOWS.get(run.workflow)
    queue = workflow.queue if workflow else "default"
    try:
        await publish(EXECUTE, str(run.id), queue_name=queue, priority=run.priority)
    except BrokerUnavailable as error:
        log.warning("run.not_queued", run_id=str(run.id), reason=error.detail)
        return False
    return True
