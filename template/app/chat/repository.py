"""All SQL on conversations. Each statement names the owner: nobody reaches those of others."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.chat.models import Conversation, ConversationMessage
from app.core.ids import new_id
from app.db import transaction
from app.llm import Message

_message = TypeAdapter(Message)


async def find(owner: str, name: str) -> Conversation | None:
    """Return a conversation."""
    async with transaction() as session:
        return await _find(session, owner, name)


async def list_conversations(owner: str, limit: int, before: UUID | None) -> Sequence[Conversation]:
    """Return conversations, the newest first."""
    statement = select(Conversation).where(Conversation.owner == owner)
    if before:
        statement = statement.where(Conversation.id < before)
    async with transaction() as session:
        return (await session.scalars(statement.order_by(Conversation.id.desc()).limit(limit))).all()


async def messages_after(conversation_id: UUID, after: int, limit: int) -> Sequence[ConversationMessage]:
    """Return messages of a conversation, the oldest first."""
    statement = (
        select(ConversationMessage)
        .where(ConversationMessage.conversation_id == conversation_id, ConversationMessage.id > after)
        .order_by(ConversationMessage.id)
        .limit(limit)
    )
    async with transaction() as session:
        return (await session.scalars(statement)).all()


async def latest_messages(conversation_id: UUID, limit: int) -> list[Message]:
    """Return the latest messages of a conversation, the oldest first."""
    statement = (
        select(ConversationMessage)
        .where(ConversationMessage.conversation_id == conversation_id)
        .order_by(ConversationMessage.id.desc())
        .limit(limit)
    )
    async with transaction() as session:
        rows = (await session.scalars(statement)).all()
    return [to_message(row) for row in reversed(rows)]


def to_message(row: ConversationMessage) -> Message:
    """Return the message that a row holds."""
    return _message.validate_python({"role": row.role, **row.content})


async def append(owner: str, name: str, begun: UUID | None, messages: Sequence[Message]) -> None:
    """Store a turn: what was said, and the answer. Begins the conversation if it is new.

    `begun` is the conversation that the answer continues. If it was deleted meanwhile nothing is stored.
    """
    async with transaction() as session:
        if begun is None:
            new = insert(Conversation).values(id=new_id(), owner=owner, name=name)
            await session.execute(new.on_conflict_do_nothing(index_elements=["owner", "name"]))
        # one at a time: the messages of two turns would mix
        conversation = await _find(session, owner, name, lock=True)
        if conversation is None or begun not in {None, conversation.id}:
            return
        session.add_all(_row(conversation.id, message) for message in messages)


async def remove(owner: str, name: str) -> bool:
    """Delete a conversation with its messages. False if there is none."""
    statement = delete(Conversation).where(Conversation.owner == owner, Conversation.name == name)
    async with transaction() as session:
        return await session.scalar(statement.returning(Conversation.id)) is not None


async def _find(session: AsyncSession, owner: str, name: str, *, lock: bool = False) -> Conversation | None:
    statement = select(Conversation).where(Conversation.owner == owner, Conversation.name == name)
    found: Conversation | None = await session.scalar(statement.with_for_update() if lock else statement)
    return found


def _row(conversation_id: UUID, message: Message) -> ConversationMessage:
    content = {name: value for name, value in _message.dump_python(message, mode="json").items() if value}
    del content["role"]
    content.setdefault("text", "")
    return ConversationMessage(conversation_id=conversation_id, role=message.role, content=content)
