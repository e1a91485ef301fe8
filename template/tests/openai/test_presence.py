"""A client that leaves: nobody pays for an answer that nobody reads."""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from app.api import create_key
from app.main import create_app
from tests.conftest import SetEnvironment
from tests.llm.fake_provider import FakeProvider

pytestmark = pytest.mark.usefixtures("database")

MODEL = "openai:gpt-4.1-mini"
CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
RESPONSE = {"model": MODEL, "input": "Hello"}


@pytest.fixture(autouse=True)
def provider(provider: FakeProvider, set_environment: SetEnvironment) -> FakeProvider:
    """Let the provider take its time, and be asked again."""
    set_environment(LLM_RETRIES="2")
    provider.delay = 30
    return provider


async def leave_early(
    path: str, body: dict[str, Any], provider: FakeProvider
) -> list[MutableMapping[str, Any]]:
    """Send a request, and close the connection once the provider is asked. Returns what was sent."""
    key = await create_key("test", ["admin"])
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("127.0.0.1", 1),
        "headers": [
            (b"content-type", b"application/json"),
            (b"authorization", f"Bearer {key.text}".encode()),
        ],
    }
    sent: list[MutableMapping[str, Any]] = []
    leaves = asyncio.Event()
    first = iter([{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}])

    async def receive() -> MutableMapping[str, Any]:
        if (message := next(first, None)) is not None:
            return message
        await leaves.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    answered = asyncio.create_task(create_app()(scope, receive, send))
    await asyncio.to_thread(provider.asked.wait, 20)
    leaves.set()
    await asyncio.wait_for(answered, 5)
    return sent


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "body"), [("/v1/chat/completions", CHAT), ("/v1/responses", RESPONSE)])
async def test_the_call_of_the_model_ends_and_is_not_tried_again(
    path: str, body: dict[str, Any], stream: bool, provider: FakeProvider
) -> None:
    sent = await leave_early(path, {**body, "stream": stream}, provider)

    assert await asyncio.to_thread(provider.left.wait, 5)
    assert len(provider.requests) == 1
    assert [message["status"] for message in sent if "status" in message] == [499]
