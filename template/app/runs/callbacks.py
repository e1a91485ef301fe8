"""Notify callers when their run waits for a person or has ended (https://www.standardwebhooks.com).

A callback is delivered at least once, within seconds after the run's change, and retried for hours if its
receiver does not answer with a status of 2xx. The receiver checks the signature, and drops what has a
`webhook-id` that it has seen.
"""

import asyncio
import json
import time
from datetime import timedelta

import structlog
from httpx2 import AsyncClient, HTTPError

from app.core.backoff import backoff
from app.core.errors import FieldError, InvalidInput
from app.core.outbound import UrlRefused, find_address, parse_url, request_to
from app.core.webhooks import sign
from app.runs import due
from app.runs.models import Run
from app.runs.schemas import RunView
from app.runs.settings import WebhookSettings

log = structlog.get_logger(__name__)

_BATCH = 50
_LONGEST_WAIT = 3600.0


class _GivenUp(Exception):
    """The receiver will never take it."""


async def check_callback_url(url: str) -> None:
    """Raise `InvalidInput` if a callback may not go there, or cannot be signed.

    A host that cannot be found now is accepted: it is looked up again when it is called.
    """
    settings = WebhookSettings.load()
    try:
        parts = parse_url(url)
        await find_address(parts, settings.allowed_networks)
    except UrlRefused as error:
        raise _refused(error.detail) from None
    except (OSError, UnicodeError, TimeoutError):
        log.warning("callback.host_unknown", host=parts.hostname)
    if settings.secret is None:
        raise _refused("callbacks are switched off here: WEBHOOK_SECRET is not set")


def _refused(reason: str) -> InvalidInput:
    return InvalidInput("The callback URL is refused.", fields=[FieldError("body.callback_url", reason)])


async def deliver_callbacks() -> None:
    """Notify the callers of runs that have ended or wait for a person."""
    settings = WebhookSettings.load()
    lease = timedelta(seconds=settings.timeout + 30)
    runs = await due.take_callbacks(_BATCH, lease)
    await asyncio.gather(*(_deliver(run) for run in runs))


async def _deliver(run: Run) -> None:
    settings = WebhookSettings.load()
    logged = log.bind(run_id=str(run.id), attempt=run.callback_attempts)
    try:
        status = await _send(run)
    except (_GivenUp, UrlRefused) as error:
        logged.warning("callback.given_up", reason=str(error))
        await due.finish_callback(run, delivered=False)
    except (HTTPError, OSError, UnicodeError) as error:
        if run.callback_attempts >= settings.max_attempts:
            logged.warning("callback.given_up", reason=f"{type(error).__name__}: {error}")
            await due.finish_callback(run, delivered=False)
            return
        wait = backoff(run.callback_attempts, first=settings.retry_seconds, longest=_LONGEST_WAIT, factor=3)
        logged.info("callback.retrying", wait=round(wait, 1), reason=f"{type(error).__name__}: {error}")
        await due.reschedule_callback(run, timedelta(seconds=wait))
    else:
        logged.info("callback.delivered", status=status)
        await due.finish_callback(run, delivered=True)


async def _send(run: Run) -> int:
    """Send a callback. Raises `HTTPError` or `OSError` if it should be tried again."""
    assert run.callback_url
    assert run.callback_event_at
    settings = WebhookSettings.load()
    if settings.secret is None:
        raise _GivenUp("WEBHOOK_SECRET is not set")
    parts = parse_url(run.callback_url)
    address = await find_address(parts, settings.allowed_networks)
    body = json.dumps(
        {
            "type": f"run.{run.status}",
            "timestamp": run.callback_event_at.isoformat(),
            "data": RunView.of(run).model_dump(mode="json", exclude={"input"}),  # the caller has it
        }
    ).encode()
    message_id = f"{run.id}.{run.callback_event_at.timestamp():.6f}"
    headers = {
        "Content-Type": "application/json",
        **sign(settings.secret.get_secret_value(), message_id, int(time.time()), body),
    }
    async with AsyncClient(timeout=settings.timeout, trust_env=False, follow_redirects=False) as client:
        request = request_to(client, "POST", parts, address, headers=headers, content=body)
        async with asyncio.timeout(settings.timeout):
            response = await client.send(request, stream=True)  # its body is not read
        await response.aclose()
    if response.status_code == 410:
        raise _GivenUp("the receiver wants no more callbacks (410)")
    if not response.is_success:
        raise HTTPError(f"the receiver answered {response.status_code}")
    return response.status_code
