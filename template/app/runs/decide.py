"""Take a person's decision for a run that waits for it."""

from typing import Any

import structlog

from app.core.errors import InvalidInput
from app.core.text import storable
from app.runs import repository
from app.runs.errors import RunConflict
from app.runs.models import Run, Status
from app.runs.send import send
from app.workflows import check_decision, get_workflow

log = structlog.get_logger(__name__)


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
    return decided and (await repository.finished_steps(run.id)).get(step) == value


def _conflict(run: Run, step: str) -> RunConflict:
    asked = (run.waiting_for or {}).get("step")
    where = f" for {asked!r}" if asked else ""
    return RunConflict(
        f"The run is {run.status}{where}: it does not wait for a decision of {step!r}, or another was taken."
    )
