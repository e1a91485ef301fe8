"""What the routes of OpenAI's format do with what is asked of them."""

import json
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.conftest import SetEnvironment
from tests.llm.fake_provider import Calls, FakeProvider
from tests.openai.asking import MODEL, USER, WEATHER, answer_format, ask, events, tool

pytestmark = pytest.mark.usefixtures("database", "provider")

CALL = {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bonn"}'}}
PNG = "data:image/png;base64,iVBORw0KGgo="


def chosen(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


NESTED = nested(90)


async def test_tools_are_passed_to_the_model_and_its_calls_to_the_client(
    client: AsyncClient, provider: FakeProvider
) -> None:
    provider.answers.append({"city": "Bonn"})

    document = await ask(client, tools=[WEATHER], tool_choice="required")

    (choice,) = document["choices"]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["function"]["name"] == "weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "Bonn"}
    (sent,) = provider.requests
    assert sent["tools"][0]["function"]["name"] == "weather"
    assert sent["tool_choice"] == "required"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("name", "arguments"), [("nonsense", "{}"), ("weather", "not JSON")])
async def test_what_the_model_wants_of_the_tools_is_passed_on_as_it_is(
    name: str, arguments: str, stream: bool, client: AsyncClient, provider: FakeProvider
) -> None:
    provider.answers.append(Calls((name, arguments)))
    body = {"model": MODEL, "messages": [USER], "tools": [WEATHER], "stream": stream}

    response = await client.post("/v1/chat/completions", json=body)

    assert (response.status_code, len(provider.requests)) == (200, 1)
    assert json.dumps(name) in response.text
    assert json.dumps(arguments) in response.text


async def test_a_tool_call_streams_too(client: AsyncClient, provider: FakeProvider) -> None:
    provider.answers.append({"city": "Bonn"})
    body = {"model": MODEL, "messages": [USER], "tools": [WEATHER], "stream": True}

    *chunks, done = events((await client.post("/v1/chat/completions", json=body)).text)

    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    (call,) = next(delta["tool_calls"] for delta in deltas if "tool_calls" in delta)
    assert (call["index"], json.loads(call["function"]["arguments"])) == (0, {"city": "Bonn"})
    assert (chunks[-1]["choices"][0]["finish_reason"], done) == ("tool_calls", "[DONE]")


async def test_the_result_of_a_tool_reaches_the_model(client: AsyncClient, provider: FakeProvider) -> None:
    asked = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    result = {"role": "tool", "tool_call_id": "t1", "content": "sunny"}

    document = await ask(client, USER, asked, result, tools=[WEATHER])

    assert document["choices"][0]["message"]["content"] == "Hello there"
    sent = provider.requests[0]["messages"]
    assert [message["role"] for message in sent if message["role"] != "system"] == [
        "user",
        "assistant",
        "tool",
    ]
    assert (sent[-1]["content"], sent[-1]["tool_call_id"]) == ("sunny", "t1")


async def test_options_are_passed_on(client: AsyncClient, provider: FakeProvider) -> None:
    await ask(client, temperature=0.5, max_completion_tokens=7, seed=3, stop=["END"])

    (sent,) = provider.requests
    assert sent["max_completion_tokens"] == 7
    assert (sent["temperature"], sent["seed"], sent["stop"]) == (0.5, 3, ["END"])


async def test_system_messages_become_the_instructions(client: AsyncClient, provider: FakeProvider) -> None:
    await ask(client, {"role": "system", "content": "Rhyme."}, USER)

    first = provider.requests[0]["messages"][0]
    assert (first["role"], first["content"]) == ("system", "Rhyme.")


async def test_parts_of_text_are_joined(client: AsyncClient, provider: FakeProvider) -> None:
    await ask(
        client, {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    )

    assert provider.requests[0]["messages"][-1]["content"] == "a\nb"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": [{"role": "nobody", "content": "x"}]}, "messages.0.role"),
        ({"messages": [USER, {"role": "assistant", "content": "x"}]}, "messages"),
        ({"messages": [USER, {"role": "tool", "content": "x"}]}, "messages.tool_call_id"),
        ({"messages": [{"role": "user", "content": "a\0b"}]}, "messages.0.content"),
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools.0.function.name"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": chosen("weather")}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": chosen("nonsense")}, "tool_choice"),
        ({"tools": [tool("a", {"properties": 5})]}, "tools.function.parameters"),
        ({"modalities": ["audio"]}, "modalities"),
        ({"functions": [{"name": "a"}]}, "functions"),
        ({"logit_bias": {"1": 5}}, "logit_bias"),
        ({"web_search_options": {"search_context_size": "low"}}, "web_search_options"),
        ({"verbosity": "high"}, "verbosity"),
        ({"reasoning_effort": "enormous"}, "reasoning_effort"),
        ({"tools": [tool("a", NESTED)]}, "tools.function.parameters"),
        ({"response_format": answer_format(NESTED)}, "response_format.json_schema.schema"),
        ({"tools": [tool("a", {"$ref": "http://127.0.0.1:1/x"})]}, "tools.function.parameters"),
        ({"response_format": answer_format({"$ref": "#/$defs/Z"})}, "response_format.json_schema.schema"),
        ({"response_format": answer_format({"$ref": "#"})}, "response_format.json_schema.schema"),
        ({"response_format": answer_format({"properties": [1]})}, "response_format.json_schema.schema"),
        ({"messages": [{"role": "tool", "tool_call_id": "x", "content": "y"}]}, "messages.tool_call_id"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"conversation_id": "a/b"}, "conversation_id"),
        ({"conversation_id": "x" * 101}, "conversation_id"),
    ],
)
async def test_a_wrong_request_names_the_parameter_and_asks_no_model(
    change: dict[str, Any], param: str, client: AsyncClient, provider: FakeProvider
) -> None:
    response = await client.post("/v1/chat/completions", json={"model": MODEL, "messages": [USER], **change})

    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert response.json()["error"]["param"] == param
    assert provider.requests == []


@pytest.mark.parametrize("content", [b"nonsense", b"[" * 100_000, b"\xff\xfe", b"{}", b"[]", b"null"])
async def test_a_body_that_is_no_request_is_an_error_in_openais_shape(
    content: bytes, client: AsyncClient
) -> None:
    headers = {"Content-Type": "application/json"}

    response = await client.post("/v1/chat/completions", content=content, headers=headers)

    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_a_body_that_is_too_large_is_an_error_in_openais_shape(client: AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}

    response = await client.post("/v1/chat/completions", content=b" " * 28_000_001, headers=headers)

    assert (response.status_code, response.json()["error"]["type"]) == (413, "invalid_request_error")


async def test_a_picture_reaches_the_model(client: AsyncClient, provider: FakeProvider) -> None:
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": PNG}}]

    await ask(client, {"role": "user", "content": parts}, conversation_id="pictures")
    await ask(client, USER, conversation_id="pictures")

    for sent in provider.requests:  # also when the conversation is recalled
        (user, *_) = [message for message in sent["messages"] if message["role"] == "user"]
        assert [part["type"] for part in user["content"]] == ["text", "image_url"]
        assert user["content"][1]["image_url"]["url"] == PNG


@pytest.mark.parametrize(
    ("part", "role"),
    [
        ({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}, "user"),
        ({"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64,AAAA"}}, "user"),
        ({"type": "image_url", "image_url": {"url": PNG}}, "system"),
        ({"type": "input_audio"}, "user"),
        ({"type": "file"}, "user"),
    ],
)
async def test_other_parts_are_refused_not_dropped(part: Any, role: str, client: AsyncClient) -> None:
    document = await ask(client, {"role": role, "content": [part]}, USER)

    assert document["error"]["code"] == "unsupported_parameter"


async def test_system_messages_stay_where_they_are(client: AsyncClient, provider: FakeProvider) -> None:
    said = [
        ("user", "hi"),
        ("assistant", "yo"),
        ("system", "Use the tool."),
        ("user", "so?"),
        ("system", "Now."),
    ]

    await ask(
        client, {"role": "developer", "content": "Rhyme."}, *({"role": r, "content": c} for r, c in said)
    )

    sent = [(message["role"], message["content"]) for message in provider.requests[0]["messages"]]
    assert sent == [("system", "Rhyme."), *said]


async def test_a_system_message_alone_is_enough(client: AsyncClient, provider: FakeProvider) -> None:
    await ask(client, {"role": "system", "content": "Say hello."})

    assert provider.requests[0]["messages"] == [{"role": "system", "content": "Say hello."}]


async def test_the_reasoning_effort_reaches_a_model_that_reasons(
    client: AsyncClient, provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    set_environment(CHAT_MODELS=f"{MODEL},openai:gpt-5-mini")

    await ask(client, model="openai:gpt-5-mini", reasoning_effort="low")

    assert provider.requests[0]["reasoning_effort"] == "low"


@pytest.mark.parametrize(
    ("model", "option"),
    [
        ("openai:gpt-4.1-mini", {"reasoning_effort": "low"}),
        ("openai:gpt-5-mini", {"temperature": 0.5}),
    ],
)
async def test_an_option_that_a_model_does_not_take_is_refused_by_name(
    model: str,
    option: dict[str, Any],
    client: AsyncClient,
    provider: FakeProvider,
    set_environment: SetEnvironment,
) -> None:
    set_environment(CHAT_MODELS=model)

    document = await ask(client, model=model, **option)

    assert document["error"]["code"] == "unsupported_parameter"
    assert next(iter(option)) in document["error"]["message"]
    assert provider.requests == []


async def test_a_model_whose_name_has_a_slash_is_found(
    client: AsyncClient, set_environment: SetEnvironment
) -> None:
    set_environment(CHAT_MODELS="openai:meta/llama-3")

    response = await client.get("/v1/models/openai:meta/llama-3")

    assert response.json()["id"] == "openai:meta/llama-3"


@pytest.mark.parametrize("path", ["embeddings", "completions", "moderations"])
async def test_a_part_of_openais_api_that_is_not_here_says_so_in_its_shape(
    path: str, client: AsyncClient
) -> None:
    response = await client.post(f"/v1/{path}", json={})

    assert response.status_code == 400
    assert "/v1/chat/completions" in response.json()["error"]["message"]


async def test_too_many_requests_are_an_error_in_openais_shape(
    client: AsyncClient, set_environment: SetEnvironment
) -> None:
    set_environment(API_RATE_LIMIT="1")

    await client.get("/v1/models")
    response = await client.get("/v1/models")

    assert (response.status_code, response.json()["error"]["type"]) == (429, "rate_limit_error")
    assert int(response.headers["retry-after"]) > 0


async def test_the_settings_say_which_models_may_be_asked_for(
    client: AsyncClient, set_environment: SetEnvironment
) -> None:
    set_environment(CHAT_MODELS="openai:a, openai:b")

    listed = (await client.get("/v1/models")).json()["data"]

    assert [model["id"] for model in listed if ":" in model["id"]] == ["openai:a", "openai:b"]
    assert (await ask(client))["error"]["code"] == "model_not_found"
