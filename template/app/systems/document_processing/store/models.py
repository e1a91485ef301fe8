"""The table of accepted documents."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

FORMER_NAME = "documents"
"""Of this feature, up to 0.3."""


class AcceptedDocument(Base):
    """A document that must not be accepted twice."""

    __tablename__ = "accepted_documents"

    key: Mapped[str] = mapped_column(primary_key=True)
    """What makes two documents the same, such as supplier and number."""
    token: Mapped[str]
    """Of the run that has accepted it: one that is tried again recognises its own."""
    accepted_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
