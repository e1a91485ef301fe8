"""The tables of conversations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id

FORMER_NAME = "chat"
"""Of this feature, up to 0.3."""


class Conversation(Base):
    """A conversation of one caller. Its name is the caller's choice: the `conversation_id` of the API."""

    __tablename__ = "conversations"
    __table_args__ = (UniqueConstraint("owner", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner: Mapped[str]
    """Whose key or token began it. Others cannot see it."""
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class ConversationMessage(Base):
    """One message of a conversation."""

    __tablename__ = "conversation_messages"
    __table_args__ = (Index("ix_conversation_messages_conversation_id_id", "conversation_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    role: Mapped[str]
    content: Mapped[dict[str, Any]]
    """`text`, and for a message with tools `tool_calls` or `tool_call_id`."""
    response: Mapped[str | None] = mapped_column(unique=True)
    """The id of an answer by which a later turn may go on from it."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
