"""What a call came to, and what it took: tokens, cost and time."""

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart

from app.llm.calls import Call, Reply, ToolCall
from app.llm.metered import cost_of


def responses_in(messages: Sequence[ModelMessage]) -> list[ModelResponse]:
    """Return the answers among the messages of a call: more than one if it was corrected."""
    return [message for message in messages if isinstance(message, ModelResponse)]


def reply_of(
    call: Call,
    responses: Sequence[ModelResponse],
    output: Any,
    tool_calls: Sequence[ToolCallPart],
    started: float,
) -> Reply[Any]:
    """Return the reply of a call whose answers are `responses`; `started` is `perf_counter()` before it."""
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
