"""Take a person's decision for a run that waits for it."""

from typing import Any

import structlog

from app.core.errors import InvalidInput
from app.core.registry import get_workflow
from app.core.text import storable
from app.core.workflow import check_decision
from app.runs import repository
from app.runs.errors import RunConflict
from app.runs.models import Run, Status
from app.runs.send import send

log = structlog.get_logger(__name__)


async def decide(run: Run, data: dict[str, Any], *, step: str | None, by: str) -> None:
    """Keep a decision and queue the run. `by` is who decided, for the run's events.

    Raises `InvalidInput` if it does not fit what is asked, `RunConflict` if the run does not wait for it. The
    same decision again changes nothing.
    """
    waiting = run.waiting_for or {}
    asked = waiting.get("step")
    if run.status != Status.waiting or step not in {None, asked}:
        if not await _is_repeated(run, step, data):
            where = f" at {asked!r}" if asked else ""
            raise RunConflict(f"The run is {run.status}{where}: it does not wait for this decision.")
        return
    decision = check_decision(get_workflow(run.workflow).decision_of(waiting["step"]), data)
    value = decision.model_dump(mode="json")
    try:
        storable(value)
    except ValueError as error:
        raise InvalidInput(str(error)) from None
    if not await repository.decide(run.id, waiting["step"], value, by):
        raise RunConflict("Somebody else has decided meanwhile.")
    log.info("run.decided", run_id=str(run.id), step=waiting["step"], by=by, approved=decision.approved)
    if await send(run):
        await repository.mark_sent(run.id)


async def _is_repeated(run: Run, step: str | None, data: dict[str, Any]) -> bool:
    """Whether the run's last decision, or that of a step, was the same."""
    decided = [event.data for event in await repository.events_after(run.id, 0) if event.type == "decided"]
    if not decided or (step is not None and step != decided[-1]["step"]):
        return False
    kept = (await repository.finished_steps(run.id)).get(decided[-1]["step"])
    return isinstance(kept, dict) and all(kept.get(name) == value for name, value in data.items())
