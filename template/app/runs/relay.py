"""Send runs that have no live message: lost messages, elapsed delays, dead workers. End what has expired."""

from typing import Any

import structlog

from app.runs import due, repository
from app.runs.send import send
from app.workflows import WORKFLOWS, Workflow

log = structlog.get_logger(__name__)

_BATCH = 500


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
