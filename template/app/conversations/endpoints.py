"""`/v1/conversations`: list, read and delete what is kept."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from app.api import Principal, problem_responses, require
from app.conversations import repository
from app.conversations.errors import ConversationNotFound
from app.conversations.models import Conversation, ConversationMessage
from app.conversations.schemas import (
    ConversationId,
    ConversationPage,
    ConversationView,
    MessagePage,
    MessageView,
)

READ, WRITE = require("runs:read"), require("runs:write")

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])


async def existing_conversation(
    conversation_id: Annotated[ConversationId, Path()], caller: Annotated[Principal, READ]
) -> Conversation:
    """Return the caller's conversation of the path."""
    found = await repository.find_conversation(caller.id, conversation_id)
    if found is None:
        raise ConversationNotFound(f"You have no conversation {conversation_id!r}.")
    return found


@router.get("", responses=problem_responses(401, 403, 422, 429, 503))
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


@router.get("/{conversation_id}/messages", responses=problem_responses(401, 403, 404, 422, 429, 503))
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
            "id": row.id,
            "role": message.role,
            "content": message.text,
            "tool_calls": calls or None,
            "tool_call_id": message.tool_call_id,
            "created_at": row.created_at,
        }
    )


@router.delete(
    "/{conversation_id}", status_code=204, responses=problem_responses(401, 403, 404, 422, 429, 503)
)
async def delete_conversation(
    conversation_id: Annotated[ConversationId, Path()], caller: Annotated[Principal, WRITE]
) -> None:
    """Delete a conversation with all its messages."""
    if not await repository.remove(caller.id, conversation_id):
        raise ConversationNotFound(f"You have no conversation {conversation_id!r}.")
