"""Callers are told when their run has ended: by a real HTTP request to a server on this machine."""

import base64
import hashlib
import hmac
import json
import threading
from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest
from httpx2 import AsyncClient
from sqlalchemy import text

from app.core.outbound import may_be_requested
from app.db import transaction
from app.runs import due, repository
from app.runs.callbacks import deliver_callbacks
from app.runs.execute import execute
from app.runs.models import Run
from tests.conftest import SetEnvironment
from tests.runs.factories import reloaded, stored_run

pytestmark = pytest.mark.usefixtures("database")

SECRET = "a secret of the tests, long enough"


class Receiver:
    """A server that is called back. It answers with the statuses of a test, and then with 204."""

    def __init__(self) -> None:
        self.statuses: deque[int] = deque()
        self.received: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(receiver.statuses.popleft() if receiver.statuses else 204)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server.server_port}/hook?customer=7"


@pytest.fixture
def receiver(set_environment: SetEnvironment) -> Iterator[Receiver]:
    """A receiver to which callbacks may go, though it is on this machine."""
    set_environment(WEBHOOK_SECRET=SECRET, WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8, ::1/128")
    server = Receiver()
    yield server
    server.server.shutdown()
    server.server.server_close()


async def ended_run(url: str, **values: Any) -> Run:
    run = await stored_run(callback_url=url, **values)
    await execute(run.id)
    return await reloaded(run)


async def make_due(run: Run) -> None:
    async with transaction() as session:
        await session.execute(text("UPDATE runs SET callback_due_at = now() WHERE id = :id"), {"id": run.id})


async def test_a_caller_is_told_once_when_the_run_has_succeeded(receiver: Receiver) -> None:
    run = await ended_run(receiver.url)

    await deliver_callbacks()
    await deliver_callbacks()

    ((headers, body),) = receiver.received
    news = json.loads(body)
    assert (news["type"], news["data"]["id"]) == ("run.succeeded", str(run.id))
    assert news["data"]["output"]["words"] == 4
    assert headers["host"] == f"localhost:{receiver.server.server_port}"
    assert (await reloaded(run)).callback_delivered_at is not None


async def test_the_signature_proves_id_time_and_body(receiver: Receiver) -> None:
    await ended_run(receiver.url)

    await deliver_callbacks()

    ((headers, body),) = receiver.received
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.digest(SECRET.encode(), signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"


async def test_a_run_that_has_not_ended_tells_nobody(receiver: Receiver) -> None:
    await stored_run(callback_url=receiver.url)

    await deliver_callbacks()

    assert receiver.received == []


async def test_a_cancelled_run_tells_its_caller(receiver: Receiver) -> None:
    run = await stored_run(callback_url=receiver.url)
    await repository.cancel(run.id)

    await deliver_callbacks()

    assert json.loads(receiver.received[0][1])["type"] == "run.cancelled"


async def test_a_failed_run_tells_its_caller(receiver: Receiver) -> None:
    await ended_run(receiver.url, workflow="nonsense")

    await deliver_callbacks()

    assert json.loads(receiver.received[0][1])["type"] == "run.failed"


@pytest.mark.parametrize("status", [500, 429, 404, 302])
async def test_a_receiver_that_does_not_take_it_is_tried_again_later(status: int, receiver: Receiver) -> None:
    receiver.statuses.append(status)
    run = await ended_run(receiver.url)

    await deliver_callbacks()
    await deliver_callbacks()
    before = len(receiver.received)
    await make_due(run)
    await deliver_callbacks()

    (first, _), (second, _) = receiver.received
    assert before == 1
    assert first["webhook-id"] == second["webhook-id"]
    assert (await reloaded(run)).callback_delivered_at is not None


async def test_a_receiver_that_is_down_is_tried_again_later(
    receiver: Receiver, set_environment: SetEnvironment
) -> None:
    run = await ended_run("http://127.0.0.1:1/hook")

    await deliver_callbacks()

    assert ((await reloaded(run)).callback_due_at is not None, receiver.received) == (True, [])


async def test_after_the_last_attempt_it_is_given_up(
    receiver: Receiver, set_environment: SetEnvironment
) -> None:
    set_environment(WEBHOOK_MAX_ATTEMPTS="1")
    receiver.statuses.append(500)
    run = await ended_run(receiver.url)

    await deliver_callbacks()

    stored = await reloaded(run)
    assert (stored.callback_due_at, stored.callback_delivered_at) == (None, None)


async def test_a_receiver_that_wants_no_more_gets_no_more(receiver: Receiver) -> None:
    receiver.statuses.append(410)
    run = await ended_run(receiver.url)

    await deliver_callbacks()

    assert (await reloaded(run)).callback_due_at is None


async def test_two_that_deliver_at_the_same_time_do_not_both_tell(receiver: Receiver) -> None:
    run = await ended_run(receiver.url)

    first = await due.take_callbacks(10, timedelta(seconds=30))
    second = await due.take_callbacks(10, timedelta(seconds=30))

    assert ([taken.id for taken in first], second) == ([run.id], [])


async def test_a_run_that_is_retried_tells_its_caller_again(receiver: Receiver) -> None:
    run = await ended_run(receiver.url, workflow="nonsense")
    await deliver_callbacks()
    await repository.requeue(run.id, 1)

    assert (await reloaded(run)).callback_due_at is None
    await execute(run.id)
    await deliver_callbacks()

    assert len(receiver.received) == 2


async def test_an_address_that_became_private_is_not_called(
    receiver: Receiver, set_environment: SetEnvironment
) -> None:
    run = await ended_run(receiver.url)
    set_environment(WEBHOOK_ALLOWED_NETWORKS="")

    await deliver_callbacks()

    assert (receiver.received, (await reloaded(run)).callback_due_at) == ([], None)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/hook",
        "http://localhost:8000/hook",
        "http://[::1]/hook",
        "http://10.0.0.1/hook",
        "http://192.168.1.1/hook",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://100.64.0.1/hook",
        "http://0.0.0.0/hook",
        "http://[::]/hook",
        "http://[::ffff:127.0.0.1]/hook",
        "http://[64:ff9b::7f00:1]/hook",
        "http://[::127.0.0.1]/hook",
        "http://[::ffff:0:127.0.0.1]/hook",
        "http://[fec0::1]/hook",
        "http://[5f00::1]/hook",
        "http://192.88.99.1/hook",
        "http://2130706433/hook",
        "http://0x7f.1/hook",
        "http://224.0.0.1/hook",
        "ftp://example.com/hook",
        "file:///etc/passwd",
        "example.com/hook",
        "http://",
        "http://user:password@93.184.216.34/hook",
        "http://93.184.216.34:0/hook",
        "http://93.184.216.34:99999/hook",
        "http://93.184.216.34/a b",
        "http://93.184.216.34/\r\nX: y",
        "",
    ],
)
async def test_a_callback_that_does_not_lead_to_the_internet_is_refused_and_nothing_is_stored(
    url: str, client: AsyncClient, broker: str, set_environment: SetEnvironment
) -> None:
    set_environment(WEBHOOK_SECRET=SECRET)
    body = {"workflow": "echo_summary", "input": {"text": "Hello"}, "callback_url": url}

    response = await client.post("/v1/runs", json=body)

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["body.callback_url"]
    assert await repository.list_runs(repository.Page(10)) == []


async def test_a_callback_to_the_internet_is_accepted(
    client: AsyncClient, broker: str, set_environment: SetEnvironment
) -> None:
    set_environment(WEBHOOK_SECRET=SECRET)
    url = "https://93.184.216.34/hook"
    body = {"workflow": "echo_summary", "input": {"text": "Hello"}, "callback_url": url}

    response = await client.post("/v1/runs", json=body)

    assert (response.status_code, response.json()["callback_url"]) == (202, url)


async def test_without_a_secret_there_are_no_callbacks(client: AsyncClient) -> None:
    body = {"workflow": "echo_summary", "input": {"text": "Hello"}, "callback_url": "https://93.184.216.34/"}

    response = await client.post("/v1/runs", json=body)

    assert response.status_code == 422
    assert "WEBHOOK_SECRET" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("address", "expected"), [("93.184.216.34", True), ("2606:4700::1111", True), ("10.1.2.3", False)]
)
def test_the_internet_may_be_called(address: str, expected: bool) -> None:
    assert may_be_requested(ip_address(address)) is expected
