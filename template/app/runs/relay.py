"""Send what no worker knows of: messages that were lost, waits that are over, runs whose worker has died."""

import structlog

from app.runs import repository
from app.runs.send import send

log = structlog.get_logger(__name__)

_BATCH = 500


async def relay() -> int:
    """Queue the runs that a worker should take now, and return how many. Twice queued is once done."""
    if cancelled := await repository.finish_cancelled():
        log.info("runs.cancelled", count=cancelled)
    runs = await repository.to_send(_BATCH)
    sent = 0
    for run in runs:
        if not await send(run):  # the broker is down: the others would only wait for it too
            break
        await repository.mark_sent(run.id)
        sent += 1
    if runs:
        log.info("runs.relayed", count=sent, waiting=len(runs) - sent)
    return sent
