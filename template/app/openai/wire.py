"""Between OpenAI's wire format and ours."""

import json
import re
import time
from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import dropwhile
from types import MappingProxyType
from typing import Any, cast

from pydantic_ai import ModelSettings

from app.core.errors import FieldError, InvalidInput
from app.db import new_id
from app.llm import Image, Message, Reply, TextDelta, Tool, ToolCall
from app.openai.answer import Turn, text_of
from app.openai.errors import NotSupported
from app.openai.json_schemas import answer_type, check_schema
from app.openai.problems import error_body
from app.openai.schemas import (
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

_FINISH_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "tool_call": "tool_calls",
    "content_filter": "content_filter",
}


def read_turn(request: CompletionRequest, owner: str) -> Turn:
    """Return what is asked. Raises `InvalidInput` or `NotSupported`."""
    _check_supported(request)
    messages = [_message(message) for message in request.messages]
    instructions, said = split_instructions(messages)
    if said[-1].role == "assistant":
        raise wrong("messages", "the last message must be of role user, tool or system")
    return Turn(
        owner=owner,
        conversation=request.conversation_id,
        model=request.model,
        instructions=instructions,
        messages=said,
        tools=tuple(
            Tool(tool.function.name, tool.function.description, tool.function.parameters)
            for tool in request.tools or ()
        ),
        options=_options(request),
        output_type=_output_type(request),
        streaming=request.stream,
    )


def split_instructions(messages: Sequence[Message]) -> tuple[str | None, tuple[Message, ...]]:
    """Return the instructions that a conversation begins with, and the rest; all of it if there is no rest.

    What is said by the role `system` later on stays where it is.
    """
    said = tuple(dropwhile(lambda message: message.role == "system", messages))
    if not said:
        return None, tuple(messages)
    leading = messages[: len(messages) - len(said)]
    return "\n\n".join(message.text for message in leading) or None, said


def _check_supported(request: CompletionRequest) -> None:
    """Raise `NotSupported` for what would change the answer and is not here."""
    for name in ("audio", "functions", "function_call", "logit_bias", "web_search_options", "prediction"):
        if getattr(request, name):
            raise NotSupported(f"{name} is not supported.", fields=[FieldError(name, "leave it out")])
    if set(request.modalities or ()) - {"text"}:
        raise NotSupported("Only text is supported.", fields=[FieldError("modalities", "only text")])
    for tool in request.tools or ():
        check_schema("tools.function.parameters", tool.function.parameters)


def _message(message: ChatMessage) -> Message:
    if message.role == "tool" and not message.tool_call_id:
        raise wrong("messages.tool_call_id", "a message of role tool names the call that it answers")
    return Message(
        "system" if message.role == "developer" else message.role,
        _text(message),
        tuple(ToolCall(c.id, c.function.name, c.function.arguments) for c in message.tool_calls or ()),
        message.tool_call_id if message.role == "tool" else None,
        tuple(_images(message)),
    )


def _text(message: ChatMessage) -> str:
    if isinstance(message.content, str):
        return message.content
    parts = message.content or []
    if other := {part.type for part in parts} - {"text", "refusal", "image_url"}:
        raise NotSupported(f"Content of type {sorted(other)} is not supported.")
    texts = (part.refusal or part.text for part in parts if part.type != "image_url")
    return "\n".join(text or "" for text in texts) or message.refusal or ""


def _images(message: ChatMessage) -> Iterator[Image]:
    for part in message.content if isinstance(message.content, list) else ():
        if part.type == "image_url":
            yield read_image(part.image_url.url if part.image_url else "", message.role, "image_url")


_IMAGE = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=]+)", re.ASCII)


def read_image(url: str, role: str, field: str) -> Image:
    """Return the picture of a `data:` URL. Another address is refused: the server would have to fetch it."""
    found = _IMAGE.fullmatch(url)
    if role != "user" or found is None:
        raise NotSupported(
            "A picture is a part of what a user says, as data:image/png;base64,… (png, jpeg, gif or webp).",
            fields=[FieldError(f"messages.content.{field}", "not such a picture")],
        )
    try:
        b64decode(found[2], validate=True)
    except ValueError:
        raise wrong(f"messages.content.{field}", "it is not Base64") from None
    return Image(found[1], found[2])


def _options(request: CompletionRequest) -> ModelSettings:
    stop = [request.stop] if isinstance(request.stop, str) else request.stop
    return as_options(
        max_tokens=request.max_completion_tokens or request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        stop_sequences=stop,
        seed=request.seed,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
        parallel_tool_calls=request.parallel_tool_calls if request.tools else None,
        tool_choice=_tool_choice(request),
        thinking=as_thinking(request.reasoning_effort),
    )


def as_options(**options: Any) -> ModelSettings:
    """Return the options that are set."""
    return cast("ModelSettings", {name: value for name, value in options.items() if value is not None})


def as_thinking(effort: str | None) -> str | bool | None:
    """Return a reasoning effort as pydantic-ai has it."""
    return False if effort == "none" else effort


def _tool_choice(request: CompletionRequest) -> str | list[str] | None:
    choice = request.tool_choice
    name = choice.function.name if isinstance(choice, ChosenTool) else None
    mode = choice if isinstance(choice, str) else None
    return read_tool_choice(mode, name, [tool.function.name for tool in request.tools or ()])


def read_tool_choice(mode: str | None, name: str | None, known: Collection[str]) -> str | list[str] | None:
    """Return which tools the model may ask for, as pydantic-ai has it: a mode, or the one of that name."""
    if not known:
        if mode == "required" or name:
            raise wrong("tool_choice", "there are no tools to choose from")
        return None
    if name is None:
        return mode
    if name not in known:
        raise wrong("tool_choice", f"there is no tool {name!r}")
    return [name]


def _output_type(request: CompletionRequest) -> Any:
    wanted = request.response_format
    if wanted is None or wanted.type == "text":
        return str
    if wanted.type == "json_object":
        return dict
    if wanted.json_schema is None:
        raise wrong("response_format.json_schema", "it is missing")
    field = "response_format.json_schema.schema"
    return answer_type(field, wanted.json_schema.name, wanted.json_schema.wire_schema)


def wrong(field: str, message: str) -> InvalidInput:
    """Return the error of a wrong field."""
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
        text = text_of(reply) or (None if calls or reply.refusal else "")
        message = AnswerMessage(content=text, refusal=reply.refusal, tool_calls=calls or None)
        return Completion(
            id=self._id,
            created=self._created,
            model=self._model,
            choices=[Choice(message=message, finish_reason=_finish_reason(reply))],
            usage=_usage(reply),
            conversation=self._conversation,
        )

    def begin(self) -> Iterator[str]:
        """Yield what a stream begins with."""
        state = {"conversation": self._conversation.model_dump()} if self._conversation else {}
        yield self._chunk({"role": "assistant", "content": ""}, more=state)

    def write(self, event: TextDelta | Reply[Any]) -> Iterator[str]:
        """Yield a piece of text, or what comes after all of them."""
        if isinstance(event, TextDelta):
            yield self._chunk({"content": event.text})
        else:
            yield from self._end(event)

    def fail(self, error: Exception) -> Iterator[str]:
        """Yield the error that breaks the answer off."""
        yield f"data: {error_body(error).model_dump_json()}\n\n"

    def _end(self, reply: Reply[Any]) -> Iterator[str]:
        if not isinstance(reply.output, str):
            yield self._chunk({"content": text_of(reply)})
        if reply.refusal:
            yield self._chunk({"refusal": reply.refusal})
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
    return "stop" if reply.refusal else _FINISH_REASONS.get(reply.finish_reason, "stop")


def _usage(reply: Reply[Any]) -> Usage:
    return Usage(
        prompt_tokens=reply.input_tokens,
        completion_tokens=reply.output_tokens,
        total_tokens=reply.input_tokens + reply.output_tokens,
    )
