"""OpenAI's newer API through OpenAI's own SDK, with a provider that a test controls."""

import json
from typing import Any

import pytest
from httpx2 import AsyncClient
from openai import AsyncOpenAI, BadRequestError
from openai.types.responses import Response
from pydantic import BaseModel

from app.api import create_key
from tests.llm.fake_provider import Calls, FakeProvider, Message

pytestmark = pytest.mark.usefixtures("database", "provider")

MODEL = "openai:gpt-4.1-mini"
WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}
PNG = "data:image/png;base64,iVBORw0KGgo="


class Place(BaseModel):
    city: str


@pytest.fixture
def openai(client: AsyncClient) -> AsyncOpenAI:
    key = client.headers["Authorization"].removeprefix("Bearer ")
    return AsyncOpenAI(base_url="http://test/v1", api_key=key, http_client=client, max_retries=0)


def said(provider: FakeProvider, number: int = -1) -> list[tuple[str, Any]]:
    """Return roles and contents of what a model was sent, without the instructions of the door."""
    messages = provider.requests[number]["messages"]
    return [(message["role"], message.get("content")) for message in messages if message["role"] != "system"]


async def test_a_text_is_answered(openai: AsyncOpenAI, provider: FakeProvider) -> None:
    response = await openai.responses.create(
        model=MODEL, input="Hello", instructions="Rhyme.", max_output_tokens=9
    )

    assert (response.output_text, response.status) == ("Hello there", "completed")
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert provider.requests[0]["messages"][0] == {"role": "system", "content": "Rhyme."}
    assert provider.requests[0]["max_completion_tokens"] == 9


async def test_a_stream_brings_the_events_of_the_sdk(openai: AsyncOpenAI, provider: FakeProvider) -> None:
    async with openai.responses.stream(model=MODEL, input="Hello") as stream:
        events = [event async for event in stream]
        final = await stream.get_final_response()

    assert [event.type for event in events[:4]] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert [event.type for event in events[-4:]] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    pieces = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(pieces) == final.output_text
    assert [event.sequence_number for event in events] == list(range(len(events)))


@pytest.mark.parametrize("stream", [False, True])
async def test_a_function_is_called_by_the_client(
    stream: bool, openai: AsyncOpenAI, provider: FakeProvider
) -> None:
    provider.answers.append(Calls(("weather", '{"city": "Bonn"}'), ("weather", '{"city": "Köln"}')))
    options: Any = {"model": MODEL, "input": "Weather?", "tools": [WEATHER], "tool_choice": "required"}

    if stream:
        async with openai.responses.stream(**options) as events:
            response = await events.get_final_response()
    else:
        response = await openai.responses.create(**options)

    calls = [item for item in response.output if item.type == "function_call"]
    assert [json.loads(call.arguments) for call in calls] == [{"city": "Bonn"}, {"city": "Köln"}]
    outputs: Any = [
        {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"} for call in calls
    ]
    await openai.responses.create(
        model=MODEL, input=outputs, previous_response_id=response.id, tools=[WEATHER]
    )
    assert [role for role, _ in said(provider)] == ["user", "assistant", "tool", "tool"]


@pytest.mark.parametrize("is_reference", [False, True])
async def test_items_of_a_response_can_be_sent_back_or_referred_to(
    is_reference: bool, openai: AsyncOpenAI, provider: FakeProvider
) -> None:
    provider.answers.append(Calls(("weather", '{"city": "Bonn"}')))
    response = await openai.responses.create(model=MODEL, input="Weather?", tools=[WEATHER])
    call: Any = response.output[0]
    item: Any = {"type": "item_reference", "id": call.id} if is_reference else call.model_dump()
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}

    question: Any = {"role": "user", "content": "Weather?"}
    items: Any = [question, item, output]
    await openai.responses.create(model=MODEL, input=items, tools=[WEATHER])

    (asked,) = [m for m in provider.requests[-1]["messages"] if m["role"] == "assistant"]
    assert json.loads(asked["tool_calls"][0]["function"]["arguments"]) == {"city": "Bonn"}


async def test_a_structured_answer_is_parsed_and_corrected(
    openai: AsyncOpenAI, provider: FakeProvider
) -> None:
    provider.answers.extend([{"nope": 1}, {"city": "Bonn"}])

    response = await openai.responses.parse(model=MODEL, input="Where?", text_format=Place)

    assert response.output_parsed == Place(city="Bonn")
    assert len(provider.requests) == 2


async def test_a_turn_goes_on_from_the_one_before(openai: AsyncOpenAI, provider: FakeProvider) -> None:
    provider.answers.extend(["Hello Anna", "Anna", "Berta"])
    first = await openai.responses.create(model=MODEL, input="I am Anna")
    second = await openai.responses.create(model=MODEL, input="Who?", previous_response_id=first.id)

    await openai.responses.create(model=MODEL, input="And then?", previous_response_id=second.id)

    assert said(provider) == [
        ("user", "I am Anna"),
        ("assistant", "Hello Anna"),
        ("user", "Who?"),
        ("assistant", "Anna"),
        ("user", "And then?"),
    ]


async def test_a_turn_that_goes_on_from_an_older_one_is_a_branch(
    openai: AsyncOpenAI, provider: FakeProvider
) -> None:
    provider.answers.extend(["One", "Two", "Other", "Last"])
    first = await openai.responses.create(model=MODEL, input="1")
    await openai.responses.create(model=MODEL, input="2", previous_response_id=first.id)
    other = await openai.responses.create(model=MODEL, input="2b", previous_response_id=first.id)

    await openai.responses.create(model=MODEL, input="3b", previous_response_id=other.id)

    assert [text for _, text in said(provider)] == ["1", "One", "2b", "Other", "3b"]


async def test_a_conversation_of_the_callers_is_kept_too(
    openai: AsyncOpenAI, provider: FakeProvider, client: AsyncClient
) -> None:
    await openai.responses.create(model=MODEL, input="I am Anna", conversation="customer-7")

    await openai.responses.create(model=MODEL, input="Who?", conversation="customer-7")

    assert [text for _, text in said(provider)] == ["I am Anna", "Hello there", "Who?"]
    assert (await client.get("/v1/conversations")).json()["conversations"][0]["id"] == "customer-7"


async def test_what_is_not_stored_cannot_be_gone_on_from(openai: AsyncOpenAI, client: AsyncClient) -> None:
    first = await openai.responses.create(model=MODEL, input="I am Anna", store=False)

    with pytest.raises(BadRequestError) as caught:
        await openai.responses.create(model=MODEL, input="Who?", previous_response_id=first.id)

    assert caught.value.code == "previous_response_not_found"
    assert (await client.get("/v1/conversations")).json()["conversations"] == []


async def test_responses_of_others_do_not_exist(openai: AsyncOpenAI) -> None:
    first = await openai.responses.create(model=MODEL, input="I am Anna")
    stranger = openai.copy(api_key=(await create_key("other", ["runs:*"])).text, default_headers={})
    stranger._client.headers.pop("Authorization")  # noqa: SLF001 - the fixture's client brings its own

    with pytest.raises(BadRequestError) as caught:
        await stranger.responses.create(model=MODEL, input="Who?", previous_response_id=first.id)

    assert caught.value.code == "previous_response_not_found"


async def test_a_picture_reaches_the_model(openai: AsyncOpenAI, provider: FakeProvider) -> None:
    content: Any = [{"type": "input_text", "text": "What?"}, {"type": "input_image", "image_url": PNG}]

    await openai.responses.create(model=MODEL, input=[{"role": "user", "content": content}])

    ((_, parts),) = said(provider)
    assert parts[1]["image_url"]["url"] == PNG


async def test_a_refusal_is_passed_on_in_the_models_words(
    openai: AsyncOpenAI, provider: FakeProvider
) -> None:
    provider.answers.append(Message({"content": None, "refusal": "No."}, "stop"))

    response = await openai.responses.create(model=MODEL, input="Do it")

    (item,) = response.model_dump()["output"]
    assert item["content"] == [{"type": "refusal", "refusal": "No."}]


async def test_an_answer_that_is_cut_is_incomplete(openai: AsyncOpenAI, provider: FakeProvider) -> None:
    provider.answers.append(Message({"content": "Half"}, "length"))

    response = await openai.responses.create(model=MODEL, input="Hello")

    assert (response.status, response.output_text) == ("incomplete", "Half")
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"


async def test_a_stream_that_breaks_off_fails_and_is_not_stored(
    openai: AsyncOpenAI, provider: FakeProvider, client: AsyncClient
) -> None:
    provider.answers.append(Message({"content": "Half an answer "}, None))
    stream = await openai.responses.create(model=MODEL, input="Hello", stream=True)

    events = [event async for event in stream]

    assert [event.type for event in events[-2:]] == ["error", "response.failed"]
    assert "finish_reason" in str(events[-2])
    assert (await client.get("/v1/conversations")).json()["conversations"] == []


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [{"role": "assistant", "content": "x"}]}, "input"),
        ({"input": [{"type": "function_call", "name": "x"}]}, "input"),
        ({"input": [{"type": "computer_call"}]}, "input"),
        ({"input": [{"type": "item_reference", "id": "msg_x"}]}, "input.id"),
        ({"tools": [{"type": "web_search"}]}, "tools.type"),
        ({"tools": [{**WEATHER, "parameters": {"type": 5}}]}, "tools.parameters"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
        ({"background": True}, "background"),
        ({"conversation": "a", "previous_response_id": "resp_x"}, "previous_response_id"),
        ({"previous_response_id": "resp_x"}, "previous_response_id"),
        ({"temperature": 9}, "temperature"),
    ],
)
async def test_a_wrong_request_names_the_parameter_and_asks_no_model(
    change: dict[str, Any], param: str, client: AsyncClient, provider: FakeProvider
) -> None:
    response = await client.post("/v1/responses", json={"model": MODEL, "input": "Hello", **change})

    assert response.status_code == 400
    assert response.json()["error"]["param"] == param
    assert provider.requests == []


async def test_a_response_has_all_that_the_sdk_knows(client: AsyncClient) -> None:
    document = (await client.post("/v1/responses", json={"model": MODEL, "input": "Hello"})).json()

    Response.model_validate(document, strict=False)
    assert document["object"] == "response"
