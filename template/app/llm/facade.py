"""The facade: the only way to call a model."""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal
from functools import cache as memoize
from typing import Any, TypeVar, cast

from pydantic import BaseModel
from pydantic_ai import Agent, ModelSettings
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models import Model
from pydantic_ai.usage import UsageLimits

from app.core.registry import load_features
from app.llm import offline
from app.llm.budget import Budget
from app.llm.cache import cache
from app.llm.calls import Call, Event, Handler, Message, Reply, TextDelta
from app.llm.errors import translate
from app.llm.layers import chain, fallback, retry, timeout
from app.llm.prompts import RenderedPrompt
from app.llm.providers import build_model, check_configured, default_model
from app.llm.settings import LLMSettings

M = TypeVar("M", bound=BaseModel)
Instructions = str | RenderedPrompt | None


async def complete(
    prompt: str,
    *,
    instructions: Instructions = None,
    history: Sequence[Message] = (),
    model: str | None = None,
    budget: Budget | None = None,
) -> Reply[str]:
    """Ask a model for text. Raises a subclass of `LLMError`."""
    call = _call(prompt, instructions, history, model, budget)
    return cast("Reply[str]", await _last(call))


async def extract(
    prompt: str,
    output_type: type[M],
    *,
    instructions: Instructions = None,
    history: Sequence[Message] = (),
    model: str | None = None,
    budget: Budget | None = None,
) -> Reply[M]:
    """Ask a model for an instance of a Pydantic model.

    An answer that does not fit is sent back with what is wrong, up to `LLM_OUTPUT_RETRIES` times; then
    `InvalidOutput` is raised. Raises a subclass of `LLMError`.
    """
    call = _call(prompt, instructions, history, model, budget, output_type=output_type)
    return cast("Reply[M]", await _last(call))


async def stream(
    prompt: str,
    *,
    instructions: Instructions = None,
    history: Sequence[Message] = (),
    model: str | None = None,
    budget: Budget | None = None,
) -> AsyncGenerator[TextDelta | Reply[str], None]:
    """Ask a model for text, piece by piece: yields each `TextDelta` as it comes, and last the `Reply`.

    Raises a subclass of `LLMError`.
    """
    call = _call(prompt, instructions, history, model, budget, streaming=True)
    async with aclosing(_handler()(call)) as events:
        async for event in events:
            yield event


async def probe_model() -> str:
    """Ask the model for one word, to see whether key, name and network are right."""
    reply = await complete("Answer with one word: ready")
    return f"{reply.model} in {reply.seconds:.1f} s"


def _call(
    prompt: str,
    instructions: Instructions,
    history: Sequence[Message],
    model: str | None,
    budget: Budget | None,
    **more: Any,
) -> Call:
    if isinstance(instructions, RenderedPrompt):
        more["prompt_name"] = instructions.name
        instructions = instructions.text
    return Call(
        prompt=prompt,
        model=model or default_model(),
        instructions=instructions,
        history=tuple(history),
        budget=budget or Budget.from_settings(),
        **more,
    )


async def _last(call: Call) -> Reply[Any]:
    async with aclosing(_handler()(call)) as events:
        async for event in events:
            if isinstance(event, Reply):
                return event
    raise AssertionError("a handler ends with a Reply")


@memoize
def _handler() -> Handler:
    """Return the provider inside all layers: those of the features outermost."""
    features = [layer.load() for feature in load_features() for layer in feature.around_model_call]
    return chain([*features, cache, fallback, retry, timeout], _ask_provider)


async def _ask_provider(call: Call) -> AsyncGenerator[Event, None]:
    """The end of the chain: let pydantic-ai talk to the provider."""
    agent = Agent(
        _model(call),
        output_type=call.output_type,
        instructions=call.instructions,
        retries={"output": LLMSettings.load().output_retries},
    )
    options: dict[str, Any] = {
        "message_history": _messages(call.history),
        "usage": call.budget.spent,
        "usage_limits": _limits(call),
        "model_settings": _model_settings(),
    }
    started = time.perf_counter()
    try:
        if not call.streaming:
            result = await agent.run(call.prompt, **options)
            yield _reply(call, result.output, result.new_messages(), started)
            return
        async with agent.run_stream(call.prompt, **options) as streamed:
            async for text in streamed.stream_text(delta=True, debounce_by=None):
                yield TextDelta(text)
            yield _reply(call, await streamed.get_output(), streamed.new_messages(), started)
    except Exception as error:  # whatever an SDK raises: what leaves here is an LLMError
        raise translate(error, call.model) from error


def _model(call: Call) -> Model:
    check_configured(call.model)
    if call.model == offline.NAME:
        return offline.offline_model(call.prompt_name, call.output_type)
    return build_model(call.model)


def _limits(call: Call) -> UsageLimits:
    if call.model == offline.NAME:  # it has no price, which pydantic-ai would warn about
        return replace(call.budget.limits, cost_limit=None)
    return call.budget.limits


def _model_settings() -> ModelSettings:
    settings = LLMSettings.load()
    return ModelSettings(max_tokens=settings.max_output_tokens) if settings.max_output_tokens else {}


def _messages(history: Sequence[Message]) -> list[ModelMessage]:
    return [
        ModelRequest([UserPromptPart(message.text)])
        if message.role == "user"
        else ModelResponse([TextPart(message.text)])
        for message in history
    ]


def _reply(call: Call, output: Any, messages: Sequence[ModelMessage], started: float) -> Reply[Any]:
    responses = [message for message in messages if isinstance(message, ModelResponse)]
    return Reply(
        output=output,
        model=call.model,
        requests=len(responses),
        input_tokens=sum(response.usage.input_tokens for response in responses),
        output_tokens=sum(response.usage.output_tokens for response in responses),
        cost=_cost(call, responses),
        seconds=time.perf_counter() - started,
    )


def _cost(call: Call, responses: Sequence[ModelResponse]) -> Decimal | None:
    if call.model == offline.NAME:
        return Decimal(0)
    try:
        return sum((response.cost().total_price for response in responses), Decimal(0))
    except (LookupError, ValueError):  # no price is known for this model, or no usage was reported
        return None
