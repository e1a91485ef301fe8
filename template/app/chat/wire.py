"""Between OpenAI's wire format and ours."""

import json
import time
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast

from jsonschema import Draft202012Validator, SchemaError
from pydantic import TypeAdapter
from pydantic_ai import ModelSettings, StructuredDict
from pydantic_ai.exceptions import UserError

from app.chat.answer import Turn, text_of
from app.chat.errors import NotSupported
from app.chat.schemas import (
    AnswerMessage,
    ChatMessage,
    Choice,
    ChosenTool,
    Completion,
    CompletionRequest,
    ConversationState,
    FinishReason,
    FunctionCall,
    Usage,
    WireToolCall,
)
from app.core.errors import FieldError, InvalidInput
from app.core.ids import new_id
from app.core.text import storable
from app.llm import Message, Reply, TextDelta, Tool, ToolCall

_OUTPUT_TOOL = "final_result"
"""By this name pydantic-ai asks a model for a structure."""
_INSTRUCTING = {"system", "developer"}
_FINISH_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "tool_call": "tool_calls",
    "content_filter": "content_filter",
}


def read_turn(request: CompletionRequest, owner: str) -> Turn:
    """Return what is asked. Raises `InvalidInput` or `NotSupported`."""
    _check_supported(request)
    said = [message for message in request.messages if message.role not in _INSTRUCTING]
    if not said or said[-1].role == "assistant":
        raise _wrong("messages", "the last message must be of role user or tool")
    instructions = "\n\n".join(_text(m) for m in request.messages if m.role in _INSTRUCTING)
    return Turn(
        owner=owner,
        conversation=request.conversation_id,
        model=request.model,
        instructions=instructions or None,
        messages=tuple(map(_message, said)),
        tools=tuple(
            Tool(tool.function.name, tool.function.description, tool.function.parameters)
            for tool in request.tools or ()
        ),
        options=_options(request),
        output_type=_output_type(request),
        streaming=request.stream,
    )


def _check_supported(request: CompletionRequest) -> None:
    """Raise `NotSupported` for what would change the answer and is not here."""
    for name in ("audio", "functions", "function_call", "logit_bias"):
        if getattr(request, name):
            raise NotSupported(f"{name} is not supported.", fields=[FieldError(name, "leave it out")])
    if set(request.modalities or ()) - {"text"}:
        raise NotSupported("Only text is supported.", fields=[FieldError("modalities", "only text")])
    names = {tool.function.name for tool in request.tools or ()}
    if _OUTPUT_TOOL in names:
        raise _wrong("tools.function.name", f"{_OUTPUT_TOOL} is a name of ours: choose another")
    for tool in request.tools or ():
        _check_schema("tools.function.parameters", tool.function.parameters)


def _check_schema(field: str, schema: dict[str, Any]) -> None:
    try:
        storable(schema)
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise _wrong(field, f"it is no JSON schema: {error.message}") from None
    except ValueError as error:
        raise _wrong(field, str(error)) from None


def _message(message: ChatMessage) -> Message:
    if message.role == "tool" and not message.tool_call_id:
        raise _wrong("messages.tool_call_id", "a message of role tool names the call that it answers")
    return Message(
        "assistant" if message.role == "assistant" else "tool" if message.role == "tool" else "user",
        _text(message),
        tuple(ToolCall(c.id, c.function.name, c.function.arguments) for c in message.tool_calls or ()),
        message.tool_call_id if message.role == "tool" else None,
    )


def _text(message: ChatMessage) -> str:
    if isinstance(message.content, str):
        return message.content
    parts = message.content or []
    if other := {part.type for part in parts if part.type not in {"text", "refusal"}}:
        raise NotSupported(f"Content of type {sorted(other)} is not supported: only text is.")
    return "\n".join(part.text or "" for part in parts)


def _options(request: CompletionRequest) -> ModelSettings:
    stop = [request.stop] if isinstance(request.stop, str) else request.stop
    options: dict[str, Any] = {
        "max_tokens": request.max_completion_tokens or request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop_sequences": stop,
        "seed": request.seed,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
        "parallel_tool_calls": request.parallel_tool_calls if request.tools else None,
        "tool_choice": _tool_choice(request),
    }
    return cast("ModelSettings", {name: value for name, value in options.items() if value is not None})


def _tool_choice(request: CompletionRequest) -> str | list[str] | None:
    choice = request.tool_choice
    if not request.tools:
        if choice == "required" or isinstance(choice, ChosenTool):
            raise _wrong("tool_choice", "there are no tools to choose from")
        return None
    if choice is None or isinstance(choice, str):
        return choice
    known = {tool.function.name for tool in request.tools}
    if choice.function.name not in known:
        raise _wrong("tool_choice", f"there is no tool {choice.function.name!r}")
    return [choice.function.name]


def _output_type(request: CompletionRequest) -> type[Any]:
    wanted = request.response_format
    if wanted is None or wanted.type == "text":
        return str
    if wanted.json_schema is None:
        raise _wrong("response_format.json_schema", "it is missing")
    field = "response_format.json_schema.schema"
    _check_schema(field, wanted.json_schema.wire_schema)
    try:
        output_type = StructuredDict(wanted.json_schema.wire_schema, name=wanted.json_schema.name)
        TypeAdapter(output_type).json_schema()
    except (UserError, LookupError) as error:  # a reference that leads nowhere
        raise _wrong(field, f"{error}") from None
    return output_type


def _wrong(field: str, message: str) -> InvalidInput:
    return InvalidInput("The request is wrong.", fields=[FieldError(field, message)])


class Writer:
    """Writes one answer."""

    def __init__(self, request: CompletionRequest, conversation: ConversationState | None) -> None:
        self._id = f"chatcmpl-{new_id().hex}"
        self._created = int(time.time())
        self._model = request.model
        self._conversation = conversation
        self._with_usage = bool(request.stream_options and request.stream_options.include_usage)

    def completion(self, reply: Reply[Any]) -> Completion:
        """Return the whole answer."""
        calls = _wire_calls(reply)
        message = AnswerMessage(content=text_of(reply) or None, tool_calls=calls or None)
        return Completion(
            id=self._id,
            created=self._created,
            model=self._model,
            choices=[Choice(message=message, finish_reason=_finish_reason(reply))],
            usage=_usage(reply),
            conversation=self._conversation,
        )

    def first_chunk(self) -> str:
        """Return what a stream begins with."""
        state = {"conversation": self._conversation.model_dump()} if self._conversation else {}
        return self._chunk({"role": "assistant", "content": ""}, more=state)

    def piece(self, delta: TextDelta) -> str:
        """Return a piece of text."""
        return self._chunk({"content": delta.text})

    def last_chunks(self, reply: Reply[Any]) -> Iterator[str]:
        """Yield what comes after the text."""
        if not isinstance(reply.output, str):
            yield self._chunk({"content": text_of(reply)})
        if calls := _wire_calls(reply):
            indexed = [{"index": index, **call.model_dump()} for index, call in enumerate(calls)]
            yield self._chunk({"tool_calls": indexed})
        yield self._chunk({}, _finish_reason(reply))
        if self._with_usage:
            yield self._frame({"choices": [], "usage": _usage(reply).model_dump()})
        yield "data: [DONE]\n\n"

    def _chunk(
        self,
        delta: dict[str, Any],
        finish: FinishReason | None = None,
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return self._frame({"choices": [choice], **({"usage": None} if self._with_usage else {}), **more})

    def _frame(self, members: dict[str, Any]) -> str:
        head = {"id": self._id, "object": "chat.completion.chunk", "created": self._created}
        return f"data: {json.dumps({**head, 'model': self._model, **members}, ensure_ascii=False)}\n\n"


def _wire_calls(reply: Reply[Any]) -> list[WireToolCall]:
    return [
        WireToolCall(id=call.id, function=FunctionCall(name=call.name, arguments=call.arguments))
        for call in reply.tool_calls
    ]


def _finish_reason(reply: Reply[Any]) -> FinishReason:
    return _FINISH_REASONS.get(reply.finish_reason, "stop")


def _usage(reply: Reply[Any]) -> Usage:
    return Usage(
        prompt_tokens=reply.input_tokens,
        completion_tokens=reply.output_tokens,
        total_tokens=reply.input_tokens + reply.output_tokens,
    )
