"""Between our conversations and those of pydantic-ai."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    RetryFeedbackPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from app.llm.calls import Message, ToolCall


def to_pydantic_ai(conversation: Sequence[Message]) -> list[ModelMessage]:
    """Return a conversation as pydantic-ai writes it."""
    names = {call.id: call.name for message in conversation for call in message.tool_calls}
    return [_to_pydantic_ai(message, names) for message in conversation]


def _to_pydantic_ai(message: Message, tool_names: Mapping[str, str]) -> ModelMessage:
    if message.role == "user":
        return ModelRequest([UserPromptPart(message.text)])
    if message.role == "tool":
        call_id = message.tool_call_id or ""
        return ModelRequest([ToolReturnPart(tool_names.get(call_id, ""), message.text, tool_call_id=call_id)])
    text = [TextPart(message.text)] if message.text or not message.tool_calls else []
    calls = [ToolCallPart(call.name, call.arguments, tool_call_id=call.id) for call in message.tool_calls]
    return ModelResponse([*text, *calls])


_KEPT_CHARACTERS = 4000
"""Of each message that is kept with an error."""


def as_json(conversation: Sequence[Message]) -> list[dict[str, Any]]:
    """Return a conversation to be kept with an error; long messages are cut."""
    return [asdict(replace(message, text=message.text[:_KEPT_CHARACTERS])) for message in conversation]


def from_pydantic_ai(messages: Sequence[ModelMessage]) -> list[Message]:
    """Return a conversation of pydantic-ai as we write it."""
    return [converted for message in messages for converted in _from_pydantic_ai(message)]


def _from_pydantic_ai(message: ModelMessage) -> list[Message]:
    if isinstance(message, ModelRequest):
        return [_request(part) for part in message.parts]
    calls = tuple(
        ToolCall(call.tool_call_id, call.tool_name, call.args_as_json_str()) for call in message.tool_calls
    )
    return [Message("assistant", message.text or "", calls)]


def _request(part: Any) -> Message:
    if isinstance(part, ToolReturnPart):
        return Message("tool", part.model_response_str(), tool_call_id=part.tool_call_id)
    if isinstance(part, RetryFeedbackPart):
        return Message("user", part.model_response())
    return Message("user", str(part.content))
