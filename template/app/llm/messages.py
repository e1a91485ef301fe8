"""Between our conversations and those of pydantic-ai."""

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    RetryFeedbackPart,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from app.core.text import cleaned, cleaned_text
from app.llm.calls import Message, ToolCall


def to_pydantic_ai(conversation: Sequence[Message]) -> list[ModelMessage]:
    """Return a conversation as pydantic-ai writes it."""
    names = {call.id: call.name for message in conversation for call in message.tool_calls}
    return [_to_pydantic_ai(message, names) for message in conversation]


def _to_pydantic_ai(message: Message, tool_names: Mapping[str, str]) -> ModelMessage:
    if message.role == "system":
        return ModelRequest([SystemPromptPart(message.text)])
    if message.role == "user":
        images = [
            BinaryContent(b64decode(image.data), media_type=image.media_type) for image in message.images
        ]
        return ModelRequest([UserPromptPart([message.text, *images] if images else message.text)])
    if message.role == "tool":
        call_id = message.tool_call_id or ""
        return ModelRequest([ToolReturnPart(tool_names.get(call_id, ""), message.text, tool_call_id=call_id)])
    text = [TextPart(message.text)] if message.text or not message.tool_calls else []
    calls = [ToolCallPart(call.name, call.arguments, tool_call_id=call.id) for call in message.tool_calls]
    return ModelResponse([*text, *calls])


def clean_response(response: ModelResponse) -> ModelResponse:
    """Return what a model said without NUL characters and lone surrogates: those can be neither stored nor
    sent on, and the model cannot be asked to take them back."""
    return replace(response, parts=[_clean(part) for part in response.parts])


def _clean(part: Any) -> Any:
    if isinstance(part, TextPart):
        return replace(part, content=cleaned_text(part.content))
    if isinstance(part, ToolCallPart):
        return replace(part, tool_name=cleaned_text(part.tool_name), args=_clean_arguments(part.args))
    return part


def _clean_arguments(arguments: Any) -> Any:
    """Return the arguments of a call as clean JSON text: a strict model takes a date from text alone. Some
    providers give an object. An escaped NUL is one too."""
    if arguments is None:
        return None
    if not isinstance(arguments, str):
        return json.dumps(cleaned(arguments), ensure_ascii=False, default=str)
    if "\\u" not in arguments:
        return cleaned_text(arguments)
    try:
        return json.dumps(cleaned(json.loads(arguments)), ensure_ascii=False)
    except ValueError:  # not JSON: whoever validates it will say so
        return cleaned_text(arguments)


_KEPT_CHARACTERS = 4000
"""Of each message that is kept with an error."""


def as_json(conversation: Sequence[Message]) -> list[dict[str, Any]]:
    """Return a conversation to be kept with an error; long messages are cut, images are left out."""
    return [
        asdict(replace(message, text=message.text[:_KEPT_CHARACTERS], images=())) for message in conversation
    ]


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
    if isinstance(part, SystemPromptPart):
        return Message("system", part.content)
    if isinstance(part, RetryFeedbackPart):
        return Message("user", part.model_response())
    if isinstance(part.content, str):
        return Message("user", part.content)
    return Message("user", "\n".join(item for item in part.content if isinstance(item, str)))
