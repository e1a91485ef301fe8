"""Give a run's id to the broker."""

import structlog

from app.runs.models import Run
from app.runs.tasks import EXECUTE
from app.worker import publish
from app.worker.errors import BrokerUnavailable
from app.workflows import WORKFLOWS

log = structlog.get_logger(__name__)


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
