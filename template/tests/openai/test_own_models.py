"""What features offer as a model of the OpenAI-compatible endpoint, with the offline model behind it."""

from collections.abc import AsyncGenerator, Iterator
from decimal import Decimal
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.core.scope import current_scope
from app.llm import Call, Event, Reply, TextDelta
from app.openai.extensions import MODELS

pytestmark = pytest.mark.usefixtures("database")


async def parrot(call: Call) -> AsyncGenerator[Event, None]:
    """Say again all that users have said."""
    text = " ".join(message.text for message in call.messages if message.role == "user")
    yield TextDelta(text)
    yield Reply(
        output=text, model="parrot", requests=0, input_tokens=1, output_tokens=2, cost=Decimal(0), seconds=0
    )


@pytest.fixture
def offered() -> Iterator[None]:
    with MODELS.override({"parrot": parrot}):
        yield


async def ask(client: AsyncClient, **body: Any) -> Any:
    messages = [{"role": "user", "content": "Hello there"}]
    return await client.post("/v1/chat/completions", json={"messages": messages, **body})


@pytest.mark.usefixtures("offered")
async def test_it_is_listed_as_ours(client: AsyncClient) -> None:
    listed = (await client.get("/v1/models")).json()["data"]

    assert [model["owned_by"] for model in listed if model["id"] == "parrot"] == ["app"]


@pytest.mark.parametrize("stream", [True, False])
async def test_it_knows_who_asks_in_which_conversation(client: AsyncClient, *, stream: bool) -> None:
    seen = []

    async def observer(call: Call) -> AsyncGenerator[Event, None]:
        seen.append(current_scope())
        async for event in parrot(call):
            yield event

    with MODELS.override({"observer": observer}):
        await ask(client, model="observer", stream=stream, conversation_id="mine")

    (scope,) = seen
    assert scope.conversation == "mine"
    assert scope.caller is not None
    assert scope.caller.startswith("key:")
    assert scope.request_id is not None


@pytest.mark.usefixtures("offered")
async def test_it_answers_with_usage(client: AsyncClient) -> None:
    answer = (await ask(client, model="parrot")).json()

    assert answer["choices"][0]["message"]["content"] == "Hello there"
    assert answer["usage"]["total_tokens"] == 3


@pytest.mark.usefixtures("offered")
async def test_it_streams(client: AsyncClient) -> None:
    stream = (await ask(client, model="parrot", stream=True)).text

    assert '"content": "Hello there"' in stream
    assert stream.endswith("data: [DONE]\n\n")


@pytest.mark.usefixtures("offered")
async def test_it_sees_the_conversation(client: AsyncClient) -> None:
    for _ in range(2):
        answer = (await ask(client, model="parrot", conversation_id="c")).json()

    assert answer["choices"][0]["message"]["content"] == "Hello there Hello there"


@pytest.mark.usefixtures("offered")
async def test_it_has_its_own_tools(client: AsyncClient) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]

    answer = await ask(client, model="parrot", tools=tools)

    assert answer.status_code == 400
    assert "its own tools" in answer.json()["error"]["message"]


async def test_each_of_this_project_answers(client: AsyncClient) -> None:
    answers = {model: await ask(client, model=model) for model in MODELS.names()}
    empty = {
        model
        for model, answer in answers.items()
        if not answer.json().get("choices", [{}])[0].get("message", {}).get("content")
    }

    assert empty == set()
