"""Send messages to the queue, from async code."""

import asyncio
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

from kombu.exceptions import OperationalError

from app.core.threads import run_in_thread
from app.worker.celery import get_celery_app
from app.worker.errors import BrokerUnavailable
from app.worker.queues import DEFAULT_QUEUE, broker_priority, queue
from app.worker.settings import BrokerSettings

_SECONDS = 0.8
"""How long a caller waits for the broker. The message may still go out later: tasks must bear that."""


async def publish(task: str, *arguments: str, queue_name: str = DEFAULT_QUEUE, priority: int = 5) -> None:
    """Queue the task of that name. Raises `BrokerUnavailable` if the broker does not take it at once.

    `priority` goes from 0 to 9, the highest first. RabbitMQ knows two kinds: above 4, and the others.
    """
    url = BrokerSettings.load().connection_url()
    options: dict[str, Any] = {
        "queue": queue(queue_name, url),
        "priority": broker_priority(priority, url),
    }
    send = partial(get_celery_app().send_task, task, arguments, **options)
    outages: tuple[type[BaseException], ...] = (TimeoutError, *_outages())
    try:
        async with asyncio.timeout(_SECONDS):
            await run_in_thread(send)
    except outages as error:
        raise _unavailable() from error


@cache
def _outages() -> tuple[type[BaseException], ...]:
    """Return what the broker's client raises when it cannot reach it, or is refused."""
    connection = get_celery_app().connection_for_write()
    errors: tuple[Any, ...] = (*connection.connection_errors, *connection.channel_errors)
    return tuple(dict.fromkeys((OSError, OperationalError, *errors)))


async def check_broker() -> str:
    """Open a connection to the broker, with our password."""
    await run_in_thread(_connect)
    return urlsplit(BrokerSettings.load().connection_url()).scheme


def _connect() -> None:
    with get_celery_app().connection_for_write() as connection:
        try:
            connection.ensure_connection(max_retries=1, timeout=2)
            client = getattr(connection.default_channel, "client", None)
            if client is not None:  # that of Valkey logs in at its first command, not before
                client.ping()
        except Exception as error:
            raise _unavailable() from error


def _unavailable() -> BrokerUnavailable:
    url = urlsplit(BrokerSettings.load().connection_url())
    return BrokerUnavailable(
        f"The message broker at {url.hostname}{f':{url.port}' if url.port else ''} does not answer.",
        hint="Start it, or correct BROKER_URL (and BROKER_PASSWORD).",
    )
