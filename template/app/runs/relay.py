"""Send again the messages that were lost: the broker was down, or the API died after its commit."""

from datetime import timedelta

import structlog

from app.runs import repository
from app.runs.tasks import EXECUTE
from app.worker import publish

log = structlog.get_logger(__name__)

_AGE = timedelta(seconds=15)
_BATCH = 500


async def relay_waiting_runs() -> int:
    """Queue runs that wait for long, and return how many. One that is queued twice is done once."""
    ids = await repository.waiting(_AGE, _BATCH)
    for run_id in ids:
        await publish(EXECUTE, str(run_id))
    if ids:
        log.info("runs.relayed", count=len(ids))
    return len(ids)
