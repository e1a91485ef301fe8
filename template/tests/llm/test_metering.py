"""What stands around every request to a model."""

from base64 import b64encode
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, asynccontextmanager
from decimal import Decimal

import pytest

from app.llm import (
    Budget,
    Image,
    Message,
    MeteredRequest,
    TextDelta,
    Tool,
    chat,
    complete,
    price,
    stream,
)
from app.llm.errors import BudgetExceeded, LLMError, ModelUnavailable
from app.llm.extensions import METERS
from tests.llm.fake_provider import INPUT_TOKENS, OUTPUT_TOKENS, FakeProvider

seen: list[MeteredRequest] = []


@asynccontextmanager
async def meter(request: MeteredRequest) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        seen.append(request)


@asynccontextmanager
async def closed(_request: MeteredRequest) -> AsyncGenerator[None, None]:
    raise LLMError("The till is closed.")
    yield


@pytest.fixture(autouse=True)
def meters() -> Iterator[None]:
    seen.clear()
    with METERS.override({"meter": meter}):
        yield


async def test_a_request_is_known_with_what_it_has_taken(provider: FakeProvider) -> None:
    del provider

    reply = await complete("Hello")

    (request,) = seen
    assert request.model == "openai:gpt-4.1-mini"
    assert request.taken
    assert (request.taken.input_tokens, request.taken.output_tokens) == (INPUT_TOKENS, OUTPUT_TOKENS)
    assert request.taken.cost == reply.cost
    assert request.input_tokens >= INPUT_TOKENS


async def test_a_picture_is_not_counted_by_the_size_of_its_file(provider: FakeProvider) -> None:
    del provider
    picture = Image("image/png", b64encode(bytes(300_000)).decode())

    async with aclosing(chat([Message("user", "What is this?", images=(picture,))])) as events:
        async for _ in events:
            pass

    (request,) = seen
    assert 2000 <= request.input_tokens < 3000


async def test_the_tools_that_are_offered_count(provider: FakeProvider) -> None:
    del provider
    tool = Tool("clock", "Says what time it is. " * 100, {"type": "object", "properties": {}})

    async with aclosing(chat([Message("user", "Hello")], tools=[tool])) as events:
        async for _ in events:
            pass

    (request,) = seen
    assert request.input_tokens > 700


async def test_a_request_that_fails_has_taken_nothing(provider: FakeProvider) -> None:
    provider.answers.append(500)

    with pytest.raises(ModelUnavailable):
        await complete("Hello")

    assert [request.taken for request in seen] == [None]


async def test_a_stream_that_its_reader_leaves_is_settled(provider: FakeProvider) -> None:
    del provider

    async with aclosing(stream("Hello")) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break

    assert [request.model for request in seen] == ["openai:gpt-4.1-mini"]
    assert seen[0].taken
    assert seen[0].taken.input_tokens == seen[0].input_tokens  # the provider says it only at the end
    assert seen[0].taken.output_tokens > 0
    assert seen[0].taken.cost


async def test_a_meter_refuses_a_request_before_it_is_made(provider: FakeProvider) -> None:
    with METERS.override({"meter": meter, "closed": closed}), pytest.raises(LLMError, match="till is closed"):
        await complete("Hello")

    assert provider.requests == []
    assert [request.taken for request in seen] == [None]


async def test_a_request_beyond_the_budget_of_the_work_takes_nothing(provider: FakeProvider) -> None:
    with pytest.raises(BudgetExceeded):
        await complete("Hello", budget=Budget(requests=0, tokens=100, cost=Decimal(1)))

    assert provider.requests == []
    assert [request.taken for request in seen] == [None]


@pytest.mark.parametrize(
    "model", ["openai:gpt-4.1-mini", "google:gemini-2.5-flash", "bedrock:amazon.nova-lite-v1:0"]
)
def test_the_price_of_a_providers_model_is_known(model: str) -> None:
    found = price(model, 1_000_000, 0)
    assert found
    assert 0 < found < 10


def test_a_price_that_is_not_known_is_not_made_up() -> None:
    assert price("openai:no-such-model", 1_000_000, 0) is None


@pytest.mark.parametrize("model", ["offline", "local:wordllama"])
def test_what_runs_on_this_machine_costs_nothing(model: str) -> None:
    assert price(model, 1_000_000, 1_000_000) == 0
