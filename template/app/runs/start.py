"""Start a run: validate its input, commit the row, then queue its id."""

from typing import Any

import structlog
from pydantic import ValidationError

from app.core.errors import FieldError, InvalidInput
from app.core.ids import new_id
from app.core.registry import get_workflow
from app.runs import repository
from app.runs.models import Run, Status
from app.runs.tasks import EXECUTE
from app.worker import publish
from app.worker.errors import BrokerUnavailable

log = structlog.get_logger(__name__)


async def start_run(workflow: str, data: dict[str, Any]) -> Run:
    """Accept a run. Raises `InvalidInput` if the workflow is unknown or the input does not fit it.

    The row is committed before its id is queued, so the worker always finds it. If the broker is down
    the run is accepted all the same: the relay sends it later.
    """
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
    run = Run(
        id=new_id(),
        workflow=workflow,
        status=Status.queued,
        input=checked.model_dump(mode="json"),
        request_id=structlog.contextvars.get_contextvars().get("request_id"),
    )
    await repository.insert(run)
    log.info("run.accepted", run_id=str(run.id), workflow=workflow)
    try:
        await publish(EXECUTE, str(run.id))
    except BrokerUnavailable as error:
        log.warning("run.not_queued", run_id=str(run.id), reason=error.detail)
    return run
