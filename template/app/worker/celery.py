"""The Celery application. Its tasks come from the features.

State is kept in PostgreSQL, not in a result backend: with one that is down, sending a message would block.
"""

import logging
import ssl
import warnings
from functools import cache
from typing import Any

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging, worker_init, worker_shutting_down

from app.core.logging import configure_logging
from app.worker.extensions import SHUTDOWN, TASKS
from app.worker.loop import start_in_loop
from app.worker.queues import DEFAULT_QUEUE, is_rabbitmq, queue
from app.worker.settings import BrokerSettings
from app.workflows import WORKFLOWS

_LONGEST_TASK = 6 * 3600
"""Seconds after which Valkey gives an unacknowledged message to another worker."""


@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    """Keep Celery from installing its own handlers."""
    configure_logging()
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)  # runs are logged by app/runs, with their id


@worker_init.connect
def _load_workflows(**_: Any) -> None:
    """Import the workflows now, so that the first run does not wait for that."""
    WORKFLOWS.load()


@worker_shutting_down.connect
def _stop_features(**_: Any) -> None:
    """Let the features put back what they work on; Celery then waits for its tasks to end."""
    for stop in SHUTDOWN.load().values():
        start_in_loop(stop())


@cache
def get_celery_app() -> Celery:
    """Return the Celery application of this process, with the broker of the settings."""
    # Celery warns root of messages that hold code; ours are JSON, and nothing else is accepted
    warnings.filterwarnings("ignore", category=SecurityWarning)
    broker_url = BrokerSettings.load().connection_url()
    if not is_rabbitmq(broker_url):
        from app.worker.valkey import install

        install()
    app = Celery("app", broker=broker_url)
    app.conf.update(
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=2,
        broker_use_ssl=_tls(broker_url),
        broker_transport_options=_transport_options(broker_url),
        task_default_queue=DEFAULT_QUEUE,
        task_queues=[queue(DEFAULT_QUEUE, broker_url)],
        task_default_queue_type="quorum" if is_rabbitmq(broker_url) else "classic",
        accept_content=["json"],
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_max": 0.2},
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        imports=list(TASKS.targets().values()),
        timezone="UTC",
    )
    return app


def _tls(broker_url: str) -> dict[str, Any] | None:
    """Return how a certificate of RabbitMQ is checked: by itself its client does not look whose it is.

    That of Valkey is in the URL: `BrokerSettings.connection_url`.
    """
    if not broker_url.startswith("amqps:"):
        return None
    return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None}  # None: the one of the URL


def _transport_options(broker_url: str) -> dict[str, Any]:
    if is_rabbitmq(broker_url):
        return {"confirm_publish": True}
    return {
        "visibility_timeout": _LONGEST_TASK,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "priority_steps": list(range(10)),
        "queue_order_strategy": "priority",
    }
