"""What the routes of OpenAI's format make of what a provider answers, right or broken."""

import json
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.conftest import SetEnvironment
from tests.llm.fake_provider import Calls, FakeProvider, Message, Raw, Refusal
from tests.openai.asking import MODEL, PERSON, USER, WEATHER, answer_format, ask, events, tool

pytestmark = pytest.mark.usefixtures("database", "provider")


@pytest.mark.parametrize(
    ("status", "expected", "kind", "again"),
    [(500, 503, "api_error", "false"), (429, 503, "api_error", "false"), (401, 503, "api_error", "false")],
)
async def test_what_the_provider_refuses_is_an_error_in_openais_shape(
    status: int, expected: int, kind: str, again: str, client: AsyncClient, provider: FakeProvider
) -> None:
    provider.answers.append(status)

    response = await client.post("/v1/chat/completions", json={"model": MODEL, "messages": [USER]})

    assert (response.status_code, response.json()["error"]["type"]) == (expected, kind)
    assert response.headers["x-should-retry"] == again
    assert "12345678" not in response.text


async def test_an_error_before_the_first_piece_of_a_stream_has_its_status(
    client: AsyncClient, provider: FakeProvider
) -> None:
    provider.answers.append(500)

    response = await client.post(
        "/v1/chat/completions", json={"model": MODEL, "messages": [USER], "stream": True}
    )

    assert (response.status_code, response.json()["error"]["type"]) == (503, "api_error")


@pytest.mark.parametrize("tools", [[], [WEATHER], [tool("final_result")]])
async def test_a_structured_answer_that_does_not_fit_is_corrected(
    tools: list[Any], client: AsyncClient, provider: FakeProvider
) -> None:
    name = "final_result_2" if tools and tools[0]["function"]["name"] == "final_result" else "final_result"
    wrong, right = '{"name": "Ann", "age": -1, "nope": 1}', '{"name": "Ann", "age": 7}'
    provider.answers.extend([Calls((name, wrong)), Calls((name, right))])
    more = {"tools": tools} if tools else {}

    document = await ask(client, response_format=answer_format(PERSON), **more)

    (choice,) = document["choices"]
    assert json.loads(choice["message"]["content"]) == {"name": "Ann", "age": 7}
    assert (choice["finish_reason"], "tool_calls" in choice["message"]) == ("stop", False)
    told = str(provider.requests[1]["messages"][-1])
    assert "age" in told
    assert "nope" in told


async def test_a_pattern_that_would_take_for_ever_does_not_stop_the_others(
    client: AsyncClient, provider: FakeProvider
) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    provider.answers.extend([Calls(("final_result", json.dumps({"a": "a" * 60 + "!"})))] * 3)

    document = await ask(client, response_format=answer_format(schema))

    assert document["error"]["code"] == "model-invalid-output"


async def test_any_json_object_can_be_asked_for(client: AsyncClient, provider: FakeProvider) -> None:
    provider.answers.extend(["No JSON", '{"a": 1}'])

    document = await ask(client, response_format={"type": "json_object"})

    assert json.loads(document["choices"][0]["message"]["content"]) == {"a": 1}
    assert provider.requests[0]["response_format"] == {"type": "json_object"}
    assert "tools" not in provider.requests[0]


@pytest.mark.parametrize("finish", ["stop", "length"])
@pytest.mark.parametrize("tools", [[], [WEATHER]])
async def test_an_empty_answer_is_an_answer(
    tools: list[Any], finish: str, client: AsyncClient, provider: FakeProvider
) -> None:
    provider.answers.append(Message({"content": ""}, finish))
    more = {"tools": tools} if tools else {}

    document = await ask(client, **more)

    (choice,) = document["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", finish)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("more", [{}, {"tools": [WEATHER]}, {"response_format": answer_format(PERSON)}])
async def test_a_refusal_of_the_model_is_passed_on_in_its_words(
    more: dict[str, Any], client: AsyncClient, provider: FakeProvider
) -> None:
    provider.answers.append(Message({"content": None, "refusal": "I cannot help with that."}, "stop"))

    document = await ask(client, **more)

    (choice,) = document["choices"]
    assert choice["message"]["refusal"] == "I cannot help with that."
    assert choice["finish_reason"] == "stop"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "content", [b'{"id": "x", "choices": [', b"", b'{"choices": []}', b"<html>", b"data: {no json\n\n"]
)
async def test_a_broken_answer_is_the_providers_fault(
    content: bytes,
    stream: bool,
    client: AsyncClient,
    provider: FakeProvider,
    set_environment: SetEnvironment,
) -> None:
    set_environment(LLM_RETRIES="1")
    provider.answers.extend([Raw(content), Raw(content)])
    body = {"model": MODEL, "messages": [USER], "stream": stream}

    response = await client.post("/v1/chat/completions", json=body)

    assert (response.status_code, response.json()["error"]["code"]) == (502, "model-answer-broken")
    assert (response.headers["x-should-retry"], len(provider.requests)) == ("false", 2)


async def test_a_stream_that_ends_without_a_reason_is_not_complete(
    client: AsyncClient, provider: FakeProvider
) -> None:
    provider.answers.append(Message({"content": "Half of"}, None))
    body = {"model": MODEL, "messages": [USER], "stream": True, "conversation_id": "half"}

    *_, last = events((await client.post("/v1/chat/completions", json=body)).text)

    assert last["error"]["code"] == "model-answer-broken"
    assert (await client.get("/v1/conversations/half/messages")).status_code == 404


@pytest.mark.parametrize("stream", [False, True])
async def test_what_cannot_be_stored_is_replaced(
    stream: bool, client: AsyncClient, provider: FakeProvider
) -> None:
    provider.answers.append("a\0b \ud800c")
    body = {"model": MODEL, "messages": [USER], "stream": stream, "conversation_id": "odd"}

    response = await client.post("/v1/chat/completions", json=body)

    assert response.status_code == 200
    (stored,) = [
        message["content"]
        for message in (await client.get("/v1/conversations/odd/messages")).json()["messages"]
        if message["role"] == "assistant"
    ]
    assert stored.strip() == "a\N{REPLACEMENT CHARACTER}b \N{REPLACEMENT CHARACTER}c"


async def test_the_wait_that_a_provider_asks_for_is_passed_on(
    client: AsyncClient, provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    set_environment(LLM_RETRIES="2")
    provider.retry_after = 3600
    provider.answers.append(429)

    response = await client.post("/v1/chat/completions", json={"model": MODEL, "messages": [USER]})

    assert (response.status_code, response.headers["retry-after"]) == (503, "3600")
    assert len(provider.requests) == 1


async def test_the_message_of_a_providers_error_is_passed_on_without_its_document(
    client: AsyncClient, provider: FakeProvider
) -> None:
    provider.answers.append(Refusal(500, "boom"))

    document = await ask(client)

    assert "status 500: boom" in document["error"]["message"]
    assert "{" not in document["error"]["message"]


async def test_a_stream_is_not_held_back_by_proxies(client: AsyncClient) -> None:
    body = {"model": MODEL, "messages": [USER], "stream": True}

    response = await client.post("/v1/chat/completions", json=body)

    assert response.headers["x-accel-buffering"] == "no"
