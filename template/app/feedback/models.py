"""The table of feedback."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id


class Subject(StrEnum):
    """What feedback is about."""

    run = "run"
    message = "message"
    """An answer in a conversation."""


class Feedback(Base):
    """What one caller says of one result: the last time counts."""

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("subject", "subject_id", "caller"),
        Index("ix_feedback_created_at", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    subject: Mapped[str]
    subject_id: Mapped[str]
    """The id of the run, or of the message. It may be gone: runs and conversations are not kept for ever."""
    workflow: Mapped[str]
    """Of the run; empty for a message."""
    caller: Mapped[str]
    helpful: Mapped[bool]
    comment: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
