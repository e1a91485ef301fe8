"""`/v1/models` and `/v1/chat/completions` as OpenAI has them, and `/v1/conversations`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import StreamingResponse
from starlette.convertors import PathConvertor, register_url_convertor

from app.api import Principal, problem_responses, require, while_connected
from app.chat import repository
from app.chat.answer import answer, last_reply, recall
from app.chat.available import available_models, require_available
from app.chat.errors import ConversationNotFound, NotSupported
from app.chat.models import Conversation, ConversationMessage
from app.chat.problems import OpenAIRoute, error_responses
from app.chat.responses import router as responses
from app.chat.schemas import (
    Completion,
    CompletionRequest,
    ConversationId,
    ConversationPage,
    ConversationState,
    ConversationView,
    MessagePage,
    MessageView,
    Model,
    ModelList,
)
from app.chat.sse import stream_answer
from app.chat.wire import Writer, read_turn

READ, WRITE = require("runs:read"), require("runs:write")

_EVENT = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}
"""Of a stream: `data` is a chunk as OpenAI has it, or `[DONE]`."""


class _NameConvertor(PathConvertor):
    """A name of a model: it may hold slashes, and what is none must not lead to another route's errors."""

    regex = "(?s:.+)"


register_url_convertor("name", _NameConvertor())

door = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute)
conversations = APIRouter(prefix="/v1/conversations", tags=["conversations"])


@door.get("/models", dependencies=[READ], responses=error_responses(401, 403, 429))
async def list_models() -> ModelList:
    """List the models that can be asked for."""
    return ModelList(data=[_model(name) for name in available_models()])


@door.get("/models/{model:name}", dependencies=[READ], responses=error_responses(401, 403, 404, 429))
async def get_model(model: str) -> Model:
    """Return one of the models."""
    return _model(require_available(model))


def _model(name: str) -> Model:
    provider, _, rest = name.partition(":")
    return Model(id=name, owned_by=provider if rest else "app")


@door.post(
    "/chat/completions",
    response_model=Completion,
    response_model_exclude_none=True,
    responses={
        200: {"content": {"text/event-stream": {"itemSchema": _EVENT}}},
        **error_responses(400, 401, 403, 404, 413, 429, 502, 503, 504),
    },
)
async def create_completion(
    request: Request, body: CompletionRequest, caller: Annotated[Principal, WRITE]
) -> Completion | StreamingResponse:
    """Continue a conversation; with `stream` piece by piece."""
    turn = read_turn(body, caller.id)
    recalled = await recall(turn)
    state = None
    if turn.conversation:
        state = ConversationState(id=turn.conversation, dropped_messages=recalled.history.dropped)
    writer = Writer(body, state)
    events = answer(turn, recalled)
    if body.stream:
        return await stream_answer(request, events, writer)
    return writer.completion(await while_connected(request, last_reply(events)))


async def existing_conversation(
    conversation_id: Annotated[ConversationId, Path()], caller: Annotated[Principal, READ]
) -> Conversation:
    """Return the caller's conversation of the path."""
    found = await repository.find(caller.id, conversation_id)
    if found is None:
        raise ConversationNotFound(f"You have no conversation {conversation_id!r}.")
    return found


@conversations.get("", responses=problem_responses(401, 403, 422, 429, 503))
async def list_conversations(
    caller: Annotated[Principal, READ],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before.")] = None,
) -> ConversationPage:
    """List your conversations, the newest first."""
    found = await repository.list_conversations(caller.id, limit + 1, cursor)
    page = found[:limit]
    return ConversationPage(
        conversations=[ConversationView(id=row.name, created_at=row.created_at) for row in page],
        next_cursor=str(page[-1].id) if len(found) > limit else None,
    )


@conversations.get("/{conversation_id}/messages", responses=problem_responses(401, 403, 404, 422, 429, 503))
async def list_messages(
    conversation: Annotated[Conversation, Depends(existing_conversation)],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[int, Query(ge=0, lt=2**63, description="`next_cursor` of the page before.")] = 0,
) -> MessagePage:
    """List the messages of a conversation, the oldest first."""
    found = await repository.messages_after(conversation.id, cursor, limit + 1)
    page = found[:limit]
    return MessagePage(
        messages=[_view(row) for row in page],
        next_cursor=str(page[-1].id) if len(found) > limit else None,
    )


def _view(row: ConversationMessage) -> MessageView:
    message = repository.to_message(row)
    calls = [
        {"id": call.id, "function": {"name": call.name, "arguments": call.arguments}}
        for call in message.tool_calls
    ]
    return MessageView.model_validate(
        {
            "role": message.role,
            "content": message.text,
            "tool_calls": calls or None,
            "tool_call_id": message.tool_call_id,
            "created_at": row.created_at,
        }
    )


@conversations.delete(
    "/{conversation_id}", status_code=204, responses=problem_responses(401, 403, 404, 422, 429, 503)
)
async def delete_conversation(
    conversation_id: Annotated[ConversationId, Path()], caller: Annotated[Principal, WRITE]
) -> None:
    """Delete a conversation with all its messages."""
    if not await repository.remove(caller.id, conversation_id):
        raise ConversationNotFound(f"You have no conversation {conversation_id!r}.")


_NOT_HERE = (
    "assistants", "audio/speech", "audio/transcriptions", "batches", "completions", "embeddings", "files",
    "images/generations", "moderations", "threads", "vector_stores",
)  # fmt: skip
"""Routes of OpenAI that are not here. SDKs show the message of an error only in OpenAI's shape."""


async def refuse() -> None:
    """Say that a part of OpenAI's API is not here."""
    raise NotSupported(
        "This part of OpenAI's API is not here.",
        hint="Available: /v1/chat/completions, /v1/responses and /v1/models.",
    )


for _path in _NOT_HERE:
    door.add_api_route(
        f"/{_path}", refuse, methods=["GET", "POST"], dependencies=[READ], include_in_schema=False
    )

router = APIRouter()
router.include_router(door)
router.include_router(responses)
router.include_router(conversations)
