"""Between the wire format of OpenAI's Responses API and ours."""

import json
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai import ModelSettings

from app.core.errors import FieldError
from app.db import new_id
from app.llm import Image, Message, Reply, TextDelta, Tool, ToolCall
from app.openai.answer import Turn, text_of
from app.openai.errors import NotSupported
from app.openai.json_schemas import answer_type, check_schema
from app.openai.problems import error_body
from app.openai.responses_schemas import (
    ChosenFunction,
    ConversationReference,
    InputItem,
    InputPart,
    ResponseRequest,
)
from app.openai.wire import (
    as_options,
    as_thinking,
    read_image,
    read_tool_choice,
    split_instructions,
    wrong,
)

Json = dict[str, Any]

_NO_PARAMETERS: Json = {"type": "object", "properties": {}}


def new_response_id() -> str:
    """Return the id of a new response. Those of its items follow from it."""
    return f"resp_{new_id().hex}"


def referenced_responses(request: ResponseRequest) -> set[str]:
    """Return the ids of the responses to whose items the input refers."""
    items = request.input if isinstance(request.input, list) else []
    return {_response_of(item.id or "") for item in items if item.type == "item_reference"}


def _response_of(item_id: str) -> str:
    return f"resp_{item_id.partition('_')[2].partition('_')[0]}"


def read_turn(request: ResponseRequest, owner: str, response_id: str, answers: dict[str, Message]) -> Turn:
    """Return what is asked; `answers` are those that the input refers to. Raises `InvalidInput`."""
    _check_supported(request)
    instructions, said = split_instructions(_messages(request, answers))
    if not said or said[-1].role == "assistant":
        raise wrong("input", "it must end with what a user says, or with the output of a function")
    parts = [text for text in (request.instructions, instructions) if text]
    conversation = request.conversation
    if isinstance(conversation, ConversationReference):
        conversation = conversation.id
    return Turn(
        owner=owner,
        conversation=conversation,
        response=None if request.store is False else response_id,
        previous=request.previous_response_id,
        model=request.model,
        instructions="\n\n".join(parts) or None,
        messages=said,
        tools=tuple(
            Tool(tool.name, tool.description, tool.parameters or _NO_PARAMETERS)
            for tool in request.tools or ()
        ),
        options=_options(request),
        output_type=_output_type(request),
        streaming=bool(request.stream),
    )


def _check_supported(request: ResponseRequest) -> None:
    """Raise `NotSupported` for what would change the answer and is not here."""
    for name in ("background", "prompt", "max_tool_calls", "top_logprobs"):
        if getattr(request, name):
            raise NotSupported(f"{name} is not supported.", fields=[FieldError(name, "leave it out")])
    if request.conversation and request.previous_response_id:
        raise wrong("previous_response_id", "a request has this or a conversation, not both")
    for tool in request.tools or ():
        if tool.type != "function":
            raise NotSupported(
                f"Tools of type {tool.type!r} are not supported.",
                fields=[FieldError("tools.type", "function")],
            )
        if not tool.name:
            raise wrong("tools.name", "a function has a name")
        check_schema("tools.parameters", tool.parameters or _NO_PARAMETERS)


def _messages(request: ResponseRequest, answers: dict[str, Message]) -> list[Message]:
    """Return the input as messages: what the assistant said and asked for together is one message."""
    if isinstance(request.input, str):
        return [Message("user", request.input)]
    messages: list[Message] = []
    for item in request.input:
        message = _message(item, answers)
        if message is None:
            continue
        if messages and message.role == messages[-1].role == "assistant":
            last = messages.pop()
            text = "\n".join(part for part in (last.text, message.text) if part)
            message = replace(last, text=text, tool_calls=(*last.tool_calls, *message.tool_calls))
        messages.append(message)
    return messages


def _message(item: InputItem, answers: dict[str, Message]) -> Message | None:
    if item.type == "message" and item.role:
        role = "system" if item.role == "developer" else item.role
        return Message(role, _text(item.content), images=tuple(_images(item.content, role)))
    if item.type == "function_call" and item.call_id and item.name:
        return Message("assistant", "", (ToolCall(item.call_id, item.name, item.arguments or "{}"),))
    if item.type == "function_call_output" and item.call_id:
        return Message("tool", _text(item.output), tool_call_id=item.call_id)
    if item.type == "item_reference":
        return _referenced(item.id or "", answers)
    if item.type == "reasoning":  # of another server: ours gives none
        return None
    if item.type in {"message", "function_call", "function_call_output"}:
        raise wrong("input", f"an item of type {item.type} lacks its role, its name or its call_id")
    raise NotSupported(f"Input of type {item.type!r} is not supported.", fields=[FieldError("input", "type")])


def _referenced(item_id: str, answers: dict[str, Message]) -> Message:
    """Return the item of an answer: its text, or one of its calls."""
    answer = answers.get(_response_of(item_id))
    kind, index = item_id.partition("_")[0], item_id.rpartition("_")[2]
    if answer and kind == "msg":
        return Message("assistant", answer.text)
    if answer and kind == "fc" and index.isdecimal() and int(index) < len(answer.tool_calls):
        return Message("assistant", "", (answer.tool_calls[int(index)],))
    raise wrong("input.id", f"there is no item {item_id!r}")


def _text(content: str | list[InputPart] | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if other := {part.type for part in content} - {"input_text", "output_text", "refusal", "input_image"}:
        raise NotSupported(f"Content of type {sorted(other)} is not supported.")
    texts = (part.refusal or part.text or "" for part in content if part.type != "input_image")
    return "\n".join(texts)


def _images(content: str | list[InputPart] | None, role: str) -> Iterator[Image]:
    for part in content if isinstance(content, list) else ():
        if part.type == "input_image":
            yield read_image(part.image_url or "", role, "image_url")


def _options(request: ResponseRequest) -> ModelSettings:
    names = [tool.name for tool in request.tools or ()]
    choice = request.tool_choice
    name = choice.name if isinstance(choice, ChosenFunction) else None
    mode = choice if isinstance(choice, str) else None
    return as_options(
        max_tokens=request.max_output_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        parallel_tool_calls=request.parallel_tool_calls if names else None,
        tool_choice=read_tool_choice(mode, name, names),
        thinking=as_thinking(request.reasoning.effort if request.reasoning else None),
    )


def _output_type(request: ResponseRequest) -> Any:
    wanted = request.text.format if request.text else None
    if wanted is None or wanted.type == "text":
        return str
    if wanted.type == "json_object":
        return dict
    if wanted.wire_schema is None:
        raise wrong("text.format.schema", "it is missing")
    return answer_type("text.format.schema", wanted.name, wanted.wire_schema)


class ResponseWriter:
    """Writes one response."""

    def __init__(self, request: ResponseRequest, response_id: str) -> None:
        self._id = response_id
        self._request = request
        self._created = int(time.time())
        self._sequence = 0
        self._streamed = ""

    def document(self, reply: Reply[Any]) -> Json:
        """Return the whole response."""
        return self._document(_status(reply), self._items(reply), reply)

    def begin(self) -> Iterator[str]:
        """Yield what a stream begins with."""
        for kind in ("response.created", "response.in_progress"):
            yield self._frame(kind, response=self._document("in_progress", [], None))

    def write(self, event: TextDelta | Reply[Any]) -> Iterator[str]:
        """Yield a piece of text, or what comes after all of them."""
        if isinstance(event, TextDelta):
            yield from self._write_piece(event.text)
        else:
            yield from self._end(event)

    def fail(self, error: Exception) -> Iterator[str]:
        """Yield the error that breaks the response off."""
        detail = error_body(error).error
        failed = self._document("failed", [], None)
        failed["error"] = {"code": detail.code or "server_error", "message": detail.message}
        yield self._frame("error", code=detail.code, message=detail.message, param=detail.param)
        yield self._frame("response.failed", response=failed)

    def _write_piece(self, text: str) -> Iterator[str]:
        if not self._streamed:
            item = self._message("in_progress", [])
            yield self._frame("response.output_item.added", output_index=0, item=item)
            yield self._frame("response.content_part.added", **self._place(), part=_output_text(""))
        self._streamed += text
        yield self._frame("response.output_text.delta", **self._place(), delta=text, logprobs=[])

    def _end(self, reply: Reply[Any]) -> Iterator[str]:
        text = text_of(reply)
        if text and not self._streamed:
            yield from self._write_piece(text)
        items = self._items(reply)
        for index, item in enumerate(items):
            if item["type"] == "function_call":
                yield from self._write_call(index, item)
            else:
                yield from self._end_message(index, item)
        done = self._document(_status(reply), items, reply)
        kind = "response.completed" if done["status"] == "completed" else "response.incomplete"
        yield self._frame(kind, response=done)

    def _end_message(self, index: int, item: Json) -> Iterator[str]:
        if self._streamed:
            (part,) = item["content"]
            yield self._frame("response.output_text.done", **self._place(), text=part["text"], logprobs=[])
            yield self._frame("response.content_part.done", **self._place(), part=part)
        else:  # a refusal comes as a whole
            yield self._frame("response.output_item.added", output_index=index, item=item)
        yield self._frame("response.output_item.done", output_index=index, item=item)

    def _write_call(self, index: int, item: Json) -> Iterator[str]:
        place = {"item_id": item["id"], "output_index": index}
        begun = {**item, "arguments": "", "status": "in_progress"}
        yield self._frame("response.output_item.added", output_index=index, item=begun)
        yield self._frame("response.function_call_arguments.delta", **place, delta=item["arguments"])
        yield self._frame(
            "response.function_call_arguments.done",
            **place,
            name=item["name"],
            arguments=item["arguments"],
        )
        yield self._frame("response.output_item.done", output_index=index, item=item)

    def _place(self) -> Json:
        return {"item_id": self._item_id("msg"), "output_index": 0, "content_index": 0}

    def _items(self, reply: Reply[Any]) -> list[Json]:
        items: list[Json] = []
        if reply.refusal:
            items.append(self._message("completed", [{"type": "refusal", "refusal": reply.refusal}]))
        elif (text := text_of(reply)) or not reply.tool_calls:
            items.append(self._message(_status(reply), [_output_text(text)]))
        for index, call in enumerate(reply.tool_calls):
            items.append(
                {
                    "type": "function_call",
                    "id": f"{self._item_id('fc')}_{index}",
                    "call_id": call.id,
                    "name": call.name,
                    "arguments": call.arguments,
                    "status": "completed",
                }
            )
        return items

    def _message(self, status: str, content: Sequence[Json]) -> Json:
        item_id = self._item_id("msg")
        return {
            "type": "message",
            "id": item_id,
            "role": "assistant",
            "status": status,
            "content": list(content),
        }

    def _item_id(self, kind: str) -> str:
        return f"{kind}_{self._id.removeprefix('resp_')}"

    def _document(self, status: str, items: Collection[Json], reply: Reply[Any] | None) -> Json:
        request = self._request
        asked = request.model_dump(
            by_alias=True, include={"tools", "tool_choice", "text", "reasoning"}, exclude_none=True
        )
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "error": None,
            "incomplete_details": _incomplete(reply) if status == "incomplete" and reply else None,
            "instructions": request.instructions,
            "max_output_tokens": request.max_output_tokens,
            "metadata": request.metadata or {},
            "model": request.model,
            "output": list(items),
            "parallel_tool_calls": request.parallel_tool_calls is not False,
            "previous_response_id": request.previous_response_id,
            "reasoning": asked.get("reasoning", {"effort": None}),
            "store": request.store is not False,
            "temperature": request.temperature,
            "text": asked.get("text", {"format": {"type": "text"}}),
            "tool_choice": asked.get("tool_choice", "auto"),
            "tools": asked.get("tools", []),
            "top_p": request.top_p,
            "truncation": "disabled",
            "usage": _usage(reply) if reply else None,
        }

    def _frame(self, kind: str, **members: Any) -> str:
        document = {"type": kind, "sequence_number": self._sequence, **members}
        self._sequence += 1
        return f"event: {kind}\ndata: {json.dumps(document, ensure_ascii=False)}\n\n"


def _output_text(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _status(reply: Reply[Any]) -> str:
    is_cut = reply.finish_reason in {"length", "content_filter"} and not reply.refusal
    return "incomplete" if is_cut else "completed"


def _incomplete(reply: Reply[Any]) -> Json:
    return {"reason": "max_output_tokens" if reply.finish_reason == "length" else "content_filter"}


def _usage(reply: Reply[Any]) -> Json:
    return {
        "input_tokens": reply.input_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": reply.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": reply.input_tokens + reply.output_tokens,
    }
