"""All SQL on conversations. Each statement names the owner: nobody reaches those of others."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import delete, exists, func, insert, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.conversations.models import Conversation, ConversationMessage
from app.db import new_id, transaction
from app.llm import Message

_message = TypeAdapter(Message)


@dataclass(frozen=True)
class Place:
    """Where a turn is kept."""

    name: str | None
    """Of the conversation. None: nothing is kept."""
    conversation: UUID | None
    """The one whose messages come before; None if it begins with this turn."""
    until: int | None = None
    """The last message that comes before; None: all of them."""
    is_branch: bool = False
    """Whether more has been said after `until`: then a conversation of its own begins, with a copy."""


async def find_conversation(owner: str, name: str) -> Conversation | None:
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


async def latest_messages(conversation_id: UUID, limit: int, until: int | None = None) -> list[Message]:
    """Return the latest messages of a conversation, or of its part until a message; the oldest first."""
    statement = (
        select(ConversationMessage)
        .where(ConversationMessage.conversation_id == conversation_id)
        .order_by(ConversationMessage.id.desc())
        .limit(limit)
    )
    if until is not None:
        statement = statement.where(ConversationMessage.id <= until)
    async with transaction() as session:
        rows = (await session.scalars(statement)).all()
    return [to_message(row) for row in reversed(rows)]


def to_message(row: ConversationMessage) -> Message:
    """Return the message that a row holds."""
    return _message.validate_python({"role": row.role, **row.content})


async def append_turn(
    owner: str, place: Place, messages: Sequence[Message], *, response: str | None = None
) -> None:
    """Store a turn: what was said, and the answer, which `response` names. Begins the conversation if it is
    new. If the one that the answer continues was deleted meanwhile, nothing is stored.
    """
    begins = place.conversation is None or place.is_branch
    name = response if place.is_branch else place.name
    assert name
    async with transaction() as session:
        if begins:
            new = upsert(Conversation).values(id=new_id(), owner=owner, name=name)
            await session.execute(new.on_conflict_do_nothing(index_elements=["owner", "name"]))
        # one at a time: the messages of two turns would mix
        conversation = await _find(session, owner, name, lock=True)
        if conversation is None or (not begins and conversation.id != place.conversation):
            return
        if place.is_branch:
            await _copy(session, place, conversation.id)
        rows = [_row(conversation.id, message) for message in messages]
        rows[-1].response = response
        session.add_all(rows)


async def _copy(session: AsyncSession, place: Place, conversation_id: UUID) -> None:
    """Copy what comes before a turn into the conversation that branches off."""
    columns = ("role", "content", "created_at")
    earlier = (
        select(literal(conversation_id), *(getattr(ConversationMessage, name) for name in columns))
        .where(
            ConversationMessage.conversation_id == place.conversation, ConversationMessage.id <= place.until
        )
        .order_by(ConversationMessage.id)
    )
    await session.execute(insert(ConversationMessage).from_select(["conversation_id", *columns], earlier))


async def find_answer(owner: str, response: str) -> Place | None:
    """Return the place after an answer, where a turn may go on."""
    later = ConversationMessage.__table__.alias()
    statement = (
        select(
            Conversation.name,
            Conversation.id,
            ConversationMessage.id,
            exists().where(
                later.c.conversation_id == ConversationMessage.conversation_id,
                later.c.id > ConversationMessage.id,
            ),
        )
        .join(Conversation, Conversation.id == ConversationMessage.conversation_id)
        .where(Conversation.owner == owner, ConversationMessage.response == response)
    )
    async with transaction() as session:
        row = (await session.execute(statement)).one_or_none()
    return Place(*row) if row else None


async def find_answers(owner: str, responses: Collection[str]) -> dict[str, Message]:
    """Return answers by their ids."""
    statement = (
        select(ConversationMessage)
        .join(Conversation, Conversation.id == ConversationMessage.conversation_id)
        .where(Conversation.owner == owner, ConversationMessage.response.in_(responses))
    )
    async with transaction() as session:
        rows = (await session.scalars(statement)).all()
    return {row.response: to_message(row) for row in rows if row.response}


async def has_answer(conversation_id: UUID, message_id: int) -> bool:
    """Whether a message of a conversation is what the assistant has said."""
    statement = select(ConversationMessage.role).where(
        ConversationMessage.conversation_id == conversation_id, ConversationMessage.id == message_id
    )
    async with transaction() as session:
        return await session.scalar(statement) == "assistant"


async def remove(owner: str, name: str) -> bool:
    """Delete a conversation with its messages. False if there is none."""
    statement = delete(Conversation).where(Conversation.owner == owner, Conversation.name == name)
    async with transaction() as session:
        return await session.scalar(statement.returning(Conversation.id)) is not None


async def remove_unused_for(days: float) -> int:
    """Delete the conversations in which nothing was said for so many days. Returns how many there were."""
    since = func.clock_timestamp() - timedelta(days=days)
    spoken = exists().where(
        ConversationMessage.conversation_id == Conversation.id, ConversationMessage.created_at >= since
    )
    statement = delete(Conversation).where(Conversation.created_at < since, ~spoken)
    async with transaction() as session:
        return len((await session.scalars(statement.returning(Conversation.id))).all())


async def _find(session: AsyncSession, owner: str, name: str, *, lock: bool = False) -> Conversation | None:
    statement = select(Conversation).where(Conversation.owner == owner, Conversation.name == name)
    found: Conversation | None = await session.scalar(statement.with_for_update() if lock else statement)
    return found


def _row(conversation_id: UUID, message: Message) -> ConversationMessage:
    content = {name: value for name, value in _message.dump_python(message, mode="json").items() if value}
    del content["role"]
    content.setdefault("text", "")
    return ConversationMessage(conversation_id=conversation_id, role=message.role, content=content)
