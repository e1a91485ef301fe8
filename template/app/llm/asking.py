"""The end of the chain: one call with pydantic-ai. A text is asked for once, a structure until it fits."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import count
from typing import Any

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
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.usage import UsageLimits

from app.core.spans import current_span
from app.core.text import cleaned_text
from app.llm import offline
from app.llm.calls import Call, Event, Reply, TextDelta, Tool
from app.llm.errors import BrokenAnswer, LLMError, translate
from app.llm.messages import as_json, clean_response, from_pydantic_ai, to_pydantic_ai
from app.llm.metered import Metered
from app.llm.options import check_options, needs_chat_completions
from app.llm.providers import build_model, check_configured
from app.llm.replies import reply_of, responses_in
from app.llm.settings import LLMSettings

_OUTPUT_TOOL = "final_result"
"""By this name pydantic-ai asks a model for a structure."""


async def ask_provider(call: Call) -> AsyncGenerator[Event, None]:
    """Yield the answer of the provider. Raises a subclass of `LLMError`."""
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
        yield reply_of(call, [response], response.text or "", response.tool_calls, started)
        return
    async with model_request_stream(_model(call), messages, **options) as streamed:
        is_first = True
        async for event in streamed:
            if text := _text_of(event):
                if is_first and (here := current_span()):
                    here.set(first_piece_seconds=here.elapsed())
                is_first = False
                yield TextDelta(cleaned_text(text))
    response = clean_response(streamed.get())
    _require_end(call, response)
    yield reply_of(call, [response], response.text or "", response.tool_calls, started)


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
            yield reply_of(call, responses_in(said), "", (), started)
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


def _result(call: Call, result: AgentRunResult[Any], started: float) -> Reply[Any]:
    """Return the reply for what an agent came to."""
    responses = responses_in(result.new_messages())
    if isinstance(result.output, DeferredToolRequests):
        return reply_of(call, responses, responses[-1].text or "", result.output.calls, started)
    return reply_of(call, responses, result.output, (), started)


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
        model = offline.offline_model(call.prompt_name, call.output_type)
    else:
        model = build_model(call.model, needs_chat_completions(call.options))
    return Metered(
        model, call.model, call.budget, prompt=call.prompt_name, prompt_version=call.prompt_version
    )


def _model_settings(call: Call) -> ModelSettings:
    """Return the options of the call, with no more output than the settings allow."""
    limits = (LLMSettings.load().max_output_tokens, call.options.get("max_tokens"))
    known = [limit for limit in limits if limit]
    return {**call.options, "max_tokens": min(known)} if known else call.options
