"""Start a run: validate its input, commit the row, then queue its id."""

import hashlib
import json
from typing import Any

import structlog
from pydantic import ValidationError

from app.core.errors import FieldError, InvalidInput
from app.core.ids import new_id
from app.core.registry import get_workflow
from app.core.text import storable
from app.runs import repository
from app.runs.errors import RunConflict
from app.runs.models import Run, Status
from app.runs.send import send

log = structlog.get_logger(__name__)


async def start_run(
    workflow: str, data: dict[str, Any], *, priority: int = 5, idempotency_key: str | None = None
) -> Run:
    """Accept a run. Raises `InvalidInput` if the workflow is unknown or the input does not fit it.

    The row is committed before its id is queued, so the worker always finds it. If the broker is down
    the run is accepted all the same: the relay sends it later. The same idempotency key gives the same run;
    with another request it raises `RunConflict`.
    """
    checked = _validated(workflow, data)
    digest = hashlib.sha256(json.dumps([workflow, checked, priority], sort_keys=True).encode()).hexdigest()
    run = Run(
        id=new_id(),
        workflow=workflow,
        status=Status.queued,
        input=checked,
        priority=priority,
        idempotency_key=idempotency_key,
        request_digest=digest,
        request_id=structlog.contextvars.get_contextvars().get("request_id"),
    )
    stored = await repository.insert_run(run)
    if stored.id != run.id:
        return _same_request(stored, digest)
    log.info("run.accepted", run_id=str(run.id), workflow=workflow)
    await send(stored)
    return stored


def _validated(workflow: str, data: dict[str, Any]) -> dict[str, Any]:
    definition = get_workflow(workflow)
    try:
        checked = definition.input.model_validate(data)
    except ValidationError as error:
        raise InvalidInput(
            f"The input does not fit workflow {workflow!r}.",
            fields=[
                FieldError(".".join(("input", *map(str, problem["loc"]))), problem["msg"])
                for problem in error.errors()
            ],
        ) from None
    result: dict[str, Any] = checked.model_dump(mode="json")
    try:
        storable(result)
    except ValueError as error:
        raise InvalidInput(str(error), fields=[FieldError("input", str(error))]) from None
    return result


def _same_request(stored: Run, digest: str) -> Run:
    if stored.request_digest != digest:
        raise RunConflict(
            "This Idempotency-Key belongs to another request.", hint="Use a new key for a new request."
        )
    log.info("run.repeated", run_id=str(stored.id))
    return stored
