"""The facade: the only way to call a model."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import cache as memoize
from typing import Any, TypeVar, cast

from pydantic import BaseModel
from pydantic_ai import ModelSettings

from app.llm.asking import ask_provider
from app.llm.budget import Budget
from app.llm.cache import cache
from app.llm.calls import Call, Handler, Message, Reply, TextDelta, Tool
from app.llm.errors import ModelUnavailable
from app.llm.extensions import LAYERS
from app.llm.layers import chain, fallback, retry, timeout
from app.llm.prompts import RenderedPrompt
from app.llm.providers import default_model

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
    call = _call(_conversation(history, prompt), instructions, model, budget)
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
    call = _call(_conversation(history, prompt), instructions, model, budget, output_type=output_type)
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
    async with aclosing(
        chat(_conversation(history, prompt), instructions=instructions, model=model, budget=budget)
    ) as events:
        async for event in events:
            yield event


async def chat(
    messages: Sequence[Message],
    *,
    instructions: Instructions = None,
    tools: Sequence[Tool] = (),
    options: ModelSettings | None = None,
    output_type: type[Any] = str,
    streaming: bool = True,
    model: str | None = None,
    budget: Budget | None = None,
) -> AsyncGenerator[TextDelta | Reply[Any], None]:
    """Answer the last message of a conversation: yields each `TextDelta` as it comes, and last the `Reply`;
    only the `Reply` without `streaming`.

    The model may ask for `tools` instead: the caller carries out `reply.tool_calls`, appends the results as
    messages of role `tool`, and calls again. A structured `output_type` comes as a whole, in the `Reply`.
    A model that refuses says why in `reply.refusal`: `reply.answered()` makes an error of that.
    Raises a subclass of `LLMError`.
    """
    call = _call(
        messages,
        instructions,
        model,
        budget,
        tools=tuple(tools),
        options=options or ModelSettings(),
        output_type=output_type,
        streaming=streaming and output_type is str,
    )
    async with aclosing(_handler()(call)) as events:
        async for event in events:
            yield event


async def probe_model() -> str:
    """Ask the model for one word, to see whether key, name and network are right.

    Raises a subclass of `LLMError`, also if another one has answered in its place.
    """
    chosen = default_model()
    reply = await complete("Answer with one word: ready")
    if reply.model != chosen:
        raise ModelUnavailable(
            f"{chosen} did not answer; {reply.model} did, in {reply.seconds:.1f} s.",
            hint="The log says why. Correct LLM_MODEL, or the key of its provider.",
        )
    return f"{reply.model} in {reply.seconds:.1f} s"


def _conversation(history: Sequence[Message], prompt: str) -> list[Message]:
    return [*history, Message("user", prompt)]


def _call(
    messages: Sequence[Message],
    instructions: Instructions,
    model: str | None,
    budget: Budget | None,
    **more: Any,
) -> Call:
    if isinstance(instructions, RenderedPrompt):
        more |= {"prompt_name": instructions.name, "prompt_version": instructions.version}
        instructions = instructions.text
    return Call(
        messages=tuple(messages),
        model=model or default_model(),
        instructions=instructions,
        budget=budget or Budget.from_settings(),
        **more,
    )


async def _last(call: Call) -> Reply[Any]:
    async with aclosing(_handler()(call)) as events:
        async for event in events:
            if isinstance(event, Reply):
                return event.answered()
    raise AssertionError("a handler ends with a Reply")


@memoize
def _handler() -> Handler:
    """Return the provider inside all layers: those of the features outermost."""
    return chain([*LAYERS.load().values(), cache, fallback, retry, timeout], ask_provider)
