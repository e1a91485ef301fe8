"""The facade: the only way to call a model."""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from decimal import Decimal
from functools import cache as memoize
from itertools import count
from typing import Any, TypeVar, cast

from pydantic import BaseModel
from pydantic_ai import (
    Agent,
    AgentRunResult,
    DeferredToolRequests,
    ExternalToolset,
    ModelSettings,
    PromptedOutput,
    StructuredDict,
    ToolDefinition,
    ToolOutput,
    capture_run_messages,
)
from pydantic_ai.direct import model_request, model_request_stream
from pydantic_ai.exceptions import ContentFilterError
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ToolCallPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.usage import UsageLimits

from app.core.text import cleaned_text
from app.llm import offline
from app.llm.budget import Budget
from app.llm.cache import cache
from app.llm.calls import Call, Event, Handler, Message, Reply, TextDelta, Tool, ToolCall
from app.llm.errors import BrokenAnswer, LLMError, ModelUnavailable, translate
from app.llm.extensions import LAYERS
from app.llm.layers import chain, fallback, retry, timeout
from app.llm.messages import as_json, clean_response, from_pydantic_ai, to_pydantic_ai
from app.llm.metered import Metered, cost_of
from app.llm.options import check_options, needs_chat_completions
from app.llm.prompts import RenderedPrompt
from app.llm.providers import build_model, check_configured, default_model
from app.llm.settings import LLMSettings

_OUTPUT_TOOL = "final_result"
"""By this name pydantic-ai asks a model for a structure."""

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
        more["prompt_name"] = instructions.name
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
    return chain([*LAYERS.load().values(), cache, fallback, retry, timeout], _ask_provider)


async def _ask_provider(call: Call) -> AsyncGenerator[Event, None]:
    """The end of the chain: let pydantic-ai talk to the provider. Raises a subclass of `LLMError`."""
    check_options(call.model, call.options, images=any(message.images for message in call.messages))
    ask = _ask_for_text if call.output_type is str else _ask_for_structure
    try:
        async with aclosing(ask(call)) as events:
            async for event in events:
                yield event
    except LLMError:
        raise
    except Exception as error:  # whatever an SDK raises: what leaves here is an LLMError
        raise translate(error, call.model) from error


async def _ask_for_text(call: Call) -> AsyncGenerator[Event, None]:
    """Ask one question and pass on whatever comes back: the tools are the caller's business."""
    started = time.perf_counter()
    messages = to_pydantic_ai(call.messages)
    last = messages[-1]
    if isinstance(last, ModelRequest):
        last.instructions = call.instructions
    options: dict[str, Any] = {
        "model_settings": _model_settings(call),
        "model_request_parameters": ModelRequestParameters(
            function_tools=[_definition(tool) for tool in call.tools]
        ),
    }
    if not call.streaming:
        response = await model_request(_model(call), messages, **options)
        yield _reply(call, [response], response.text or "", response.tool_calls, started)
        return
    async with model_request_stream(_model(call), messages, **options) as streamed:
        async for event in streamed:
            if text := _text_of(event):
                yield TextDelta(cleaned_text(text))
    response = clean_response(streamed.get())
    _require_end(call, response)
    yield _reply(call, [response], response.text or "", response.tool_calls, started)


def _require_end(call: Call, response: ModelResponse) -> None:
    """Raise `BrokenAnswer` if a stream ended without a reason: a broken connection may look like that."""
    reason = response.finish_reason or (response.provider_details or {}).get("finish_reason")
    if reason is None and call.model != offline.NAME:
        raise BrokenAnswer(f"The answer of {call.model} broke off before its end.", hint="Try again.")


async def _ask_for_structure(call: Call) -> AsyncGenerator[Event, None]:
    """Ask until the answer fits: pydantic-ai sends back what does not."""
    output = _structure(call)
    agent: Agent[None, Any] = Agent(
        _model(call),
        output_type=[output, DeferredToolRequests] if call.tools else output,
        instructions=call.instructions,
        toolsets=[ExternalToolset([_definition(tool) for tool in call.tools])],
        retries={"output": LLMSettings.load().output_retries},
    )
    started = time.perf_counter()
    with capture_run_messages() as said:
        try:
            result = await agent.run(
                message_history=to_pydantic_ai(call.messages),
                usage_limits=UsageLimits(request_limit=None),  # the budget's limits are those of `Metered`
                # as a function, since pydantic-ai refuses a fixed choice of tools: it would ask for them
                # forever, but here the first call of a tool ends the run
                model_settings=lambda _context: _model_settings(call),
            )
        except ContentFilterError:
            yield _reply(call, _responses(said), "", (), started)
        except Exception as error:
            failure = error if isinstance(error, LLMError) else translate(error, call.model)
            failure.details["transcript"] = as_json(from_pydantic_ai(said))
            raise failure from error
        else:
            yield _result(call, result, started)


def _structure(call: Call) -> Any:
    """Return what pydantic-ai is to ask for."""
    if call.output_type is dict:
        return PromptedOutput(StructuredDict({"type": "object"}), template=False)
    taken = {tool.name for tool in call.tools}
    if _OUTPUT_TOOL not in taken:
        return call.output_type
    names = (f"{_OUTPUT_TOOL}_{number}" for number in count(2))
    return ToolOutput(call.output_type, name=next(name for name in names if name not in taken))


def _responses(messages: Sequence[ModelMessage]) -> list[ModelResponse]:
    return [message for message in messages if isinstance(message, ModelResponse)]


def _definition(tool: Tool) -> ToolDefinition:
    return ToolDefinition(
        name=tool.name, description=tool.description, parameters_json_schema=dict(tool.parameters)
    )


def _text_of(event: object) -> str:
    """Return the piece of text that an event brings; empty if it brings another thing."""
    if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
        return event.part.content
    if isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
        return event.delta.content_delta
    return ""


def _model(call: Call) -> Model:
    check_configured(call.model)
    if call.model == offline.NAME:
        return Metered(offline.offline_model(call.prompt_name, call.output_type), call.budget)
    return Metered(build_model(call.model, needs_chat_completions(call.options)), call.budget)


def _model_settings(call: Call) -> ModelSettings:
    """Return the options of the call, with no more output than the settings allow."""
    limits = (LLMSettings.load().max_output_tokens, call.options.get("max_tokens"))
    known = [limit for limit in limits if limit]
    return {**call.options, "max_tokens": min(known)} if known else call.options


def _result(call: Call, result: AgentRunResult[Any], started: float) -> Reply[Any]:
    """Return the reply for what an agent came to."""
    responses = _responses(result.new_messages())
    if isinstance(result.output, DeferredToolRequests):
        return _reply(call, responses, responses[-1].text or "", result.output.calls, started)
    return _reply(call, responses, result.output, (), started)


def _reply(
    call: Call,
    responses: Sequence[ModelResponse],
    output: Any,
    tool_calls: Sequence[ToolCallPart],
    started: float,
) -> Reply[Any]:
    last = responses[-1]
    reason = last.finish_reason or "stop"
    if tool_calls or reason == "tool_call":  # a structure comes as the call of a tool that is ours
        reason = "tool_call" if tool_calls else "stop"
    costs = [cost_of(response) for response in responses]
    return Reply(
        output=output,
        model=call.model,
        requests=len(responses),
        input_tokens=sum(response.usage.input_tokens for response in responses),
        output_tokens=sum(response.usage.output_tokens for response in responses),
        cost=None if None in costs else sum(filter(None, costs), Decimal(0)),
        seconds=time.perf_counter() - started,
        tool_calls=tuple(map(_tool_call, tool_calls)),
        finish_reason=reason,
        refusal=(last.provider_details or {}).get("refusal"),
    )


def _tool_call(part: ToolCallPart) -> ToolCall:
    """Return a call with its arguments as the model wrote them, be they JSON or not."""
    arguments = part.args if isinstance(part.args, str) else part.args_as_json_str()
    return ToolCall(part.tool_call_id, part.tool_name, arguments)
