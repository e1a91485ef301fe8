"""Which queues a worker works on."""

from collections.abc import Sequence

from kombu import Queue

from app.core.errors import InvalidInput, available
from app.worker.celery import get_celery_app
from app.worker.queues import DEFAULT_QUEUE, dead_letters, is_rabbitmq, queue
from app.worker.settings import BrokerSettings
from app.workflows import WORKFLOWS


def worker_queues(names: Sequence[str] | None) -> list[Queue]:
    """Return the queues of these names, or of all workflows. Raises `InvalidInput` for an unknown one.

    On RabbitMQ it also makes the queue for dead letters, which no worker consumes and thus none would make.
    """
    known = {DEFAULT_QUEUE, *(workflow.queue for workflow in WORKFLOWS.load().values())}
    if unknown := set(names or ()) - known:
        raise InvalidInput(f"There is no queue {sorted(unknown)}.", hint=available(sorted(known)))
    url = BrokerSettings.load().connection_url()
    if is_rabbitmq(url):
        with get_celery_app().connection_for_write() as connection:
            dead_letters()(connection.default_channel).declare()
    return [queue(name, url) for name in sorted(names or known)]
