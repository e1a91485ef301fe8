"""Start a run: validate its input, commit the row, then queue its id."""

import hashlib
import json
from typing import Any

import structlog

from app.core.scope import current_scope
from app.db import new_id
from app.runs import repository
from app.runs.callbacks import check_callback_url
from app.runs.errors import RunConflict
from app.runs.models import Run, Status
from app.runs.send import send
from app.workflows import get_workflow

log = structlog.get_logger(__name__)


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
    run = Run(
        id=new_id(),
        workflow=workflow,
        workflow_version=definition.version,
        caller=caller,
        status=Status.queued,
        input=checked,
        priority=priority,
        callback_url=callback_url,
        idempotency_key=idempotency_key,
        request_digest=digest,
        request_id=current_scope().request_id,
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
