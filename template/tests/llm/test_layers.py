"""Each layer around a handler that a test writes."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from app.llm import layers
from app.llm.calls import Call, Event, Handler, Layer, Message, Reply, TextDelta
from app.llm.errors import ModelKeyRejected, ModelTimedOut, ModelUnavailable, RequestRejected
from tests.conftest import SetEnvironment


def reply(call: Call, text: str = "done") -> Reply[str]:
    return Reply(
        output=text, model=call.model, requests=1, input_tokens=1, output_tokens=1, cost=None, seconds=0.0
    )


class Script:
    """A handler that fails or answers as told, in turn, and remembers the models asked."""

    def __init__(self, *steps: Exception | str | float) -> None:
        self.steps = deque(steps)
        self.asked: list[str] = []

    async def __call__(self, call: Call) -> AsyncGenerator[Event, None]:
        self.asked.append(call.model)
        while self.steps:
            step = self.steps.popleft()
            if isinstance(step, Exception):
                raise step
            if isinstance(step, str):
                yield TextDelta(step)
            else:
                await asyncio.sleep(step)
        yield reply(call)


async def run(layer: Layer, handler: Handler) -> list[Event]:
    async with aclosing(layer(Call(messages=(Message("user", "hi"),), model="a:1"), handler)) as events:
        return [event async for event in events]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "backoff", lambda _attempt, **_limits: 0.0)


async def test_an_outage_is_tried_again() -> None:
    handler = Script(ModelUnavailable("down"), ModelUnavailable("down"))

    events = await run(layers.retry, handler)

    assert len(handler.asked) == 3
    assert isinstance(events[-1], Reply)


async def test_retries_end(set_environment: SetEnvironment) -> None:
    set_environment(LLM_RETRIES="1")
    handler = Script(*[ModelUnavailable("down")] * 5)

    with pytest.raises(ModelUnavailable):
        await run(layers.retry, handler)

    assert len(handler.asked) == 2


async def test_what_would_fail_again_is_not_tried_again() -> None:
    handler = Script(RequestRejected("bad"))

    with pytest.raises(RequestRejected):
        await run(layers.retry, handler)

    assert len(handler.asked) == 1


async def test_once_a_piece_has_left_a_call_is_not_tried_again() -> None:
    handler = Script("Hel", ModelUnavailable("cut off"))

    with pytest.raises(ModelUnavailable):
        await run(layers.retry, handler)

    assert len(handler.asked) == 1


async def test_a_wait_that_the_provider_wants_too_long_is_not_waited() -> None:
    error = ModelUnavailable("down")
    error.retry_after = 3600

    with pytest.raises(ModelUnavailable):
        await run(layers.retry, Script(error))


async def test_a_model_that_does_not_answer_is_given_up(set_environment: SetEnvironment) -> None:
    set_environment(LLM_TIMEOUT="0.05")

    with pytest.raises(ModelTimedOut, match=r"0\.05 seconds"):
        await run(layers.timeout, Script(5.0))


async def test_the_time_that_the_caller_takes_does_not_count(set_environment: SetEnvironment) -> None:
    set_environment(LLM_TIMEOUT="0.2")
    pieces = []

    async for event in layers.timeout(
        Call(messages=(Message("user", "hi"),), model="a:1"), Script("a", "b", "c")
    ):
        await asyncio.sleep(0.15)
        pieces.append(event)

    assert len(pieces) == 4


async def test_the_next_model_is_asked_when_one_cannot_answer(set_environment: SetEnvironment) -> None:
    set_environment(LLM_FALLBACK_MODELS="b:2, c:3")
    handler = Script(ModelUnavailable("down"), ModelKeyRejected("wrong"))

    events = await run(layers.fallback, handler)

    assert handler.asked == ["a:1", "b:2", "c:3"]
    last = events[-1]
    assert isinstance(last, Reply)
    assert last.model == "c:3"


async def test_the_last_models_error_is_raised(set_environment: SetEnvironment) -> None:
    set_environment(LLM_FALLBACK_MODELS="b:2")

    with pytest.raises(ModelKeyRejected):
        await run(layers.fallback, Script(ModelUnavailable("down"), ModelKeyRejected("wrong")))


async def test_a_request_that_is_wrong_for_every_model_does_not_fall_back(
    set_environment: SetEnvironment,
) -> None:
    set_environment(LLM_FALLBACK_MODELS="b:2")
    handler = Script(RequestRejected("bad"))

    with pytest.raises(RequestRejected):
        await run(layers.fallback, handler)

    assert handler.asked == ["a:1"]


async def test_the_first_layer_of_a_chain_is_the_outermost() -> None:
    passed: list[str] = []

    def naming(name: str) -> Layer:
        async def layer(call: Call, handler: Handler) -> AsyncGenerator[Event, None]:
            passed.append(name)
            async for event in handler(call):
                yield event

        return layer

    handler = layers.chain([naming("outer"), naming("inner")], Script())
    async for _ in handler(Call(messages=(Message("user", "hi"),), model="a:1")):
        pass

    assert passed == ["outer", "inner"]
