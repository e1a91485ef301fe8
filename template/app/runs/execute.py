"""Carry out one run: claim it, run its workflow with no transaction open, store the outcome."""

from typing import Any
from uuid import UUID

import structlog

from app.core.errors import AppError
from app.core.redaction import redact_text
from app.core.registry import get_workflow
from app.runs import repository
from app.runs.models import Run, Status

log = structlog.get_logger(__name__)


async def execute(run_id: UUID) -> None:
    """Do the work of a run, once, however often its message arrives."""
    run = await repository.claim(run_id)
    if run is None:
        log.info("run.not_claimed", run_id=str(run_id))
        return
    with structlog.contextvars.bound_contextvars(run_id=str(run_id), request_id=run.request_id):
        log.info("run.started", workflow=run.workflow)
        outcome = await _outcome(run)
        await repository.finish(run_id, **outcome)
        log.info("run.finished", status=outcome["status"])


async def _outcome(run: Run) -> dict[str, Any]:
    """Return the columns to store: the output, or the error."""
    try:
        workflow = get_workflow(run.workflow)
        output = await workflow.run(workflow.input.model_validate(run.input))
    except AppError as error:
        log.warning("run.failed", code=error.code, detail=error.detail)
        return _failure(error.code, error.detail, error.hint)
    except Exception:
        log.exception("run.broken")
        return _failure("internal-error", "The workflow broke; the log has the details.", None)
    return {"status": Status.succeeded, "output": output.model_dump(mode="json")}


def _failure(code: str, detail: str, hint: str | None) -> dict[str, Any]:
    error = {"code": code, "detail": redact_text(detail), "hint": hint}
    return {"status": Status.failed, "error": error}
