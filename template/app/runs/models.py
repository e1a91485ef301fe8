"""The table of runs."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import now
from app.core.ids import new_id
from app.db import Base


class Status(StrEnum):
    """The states of a run: `queued → running → succeeded | failed`."""

    queued = "queued"
    running = "running"
    succeeded = "succeeded"
    failed = "failed"


class Run(Base):
    """One execution of a workflow."""

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_queued", "created_at", postgresql_where="status = 'queued'"),  # for the relay
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    workflow: Mapped[str]
    status: Mapped[str] = mapped_column(default=Status.queued)
    input: Mapped[dict[str, Any]]
    output: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    """`code`, `detail` and `hint` of what went wrong."""
    request_id: Mapped[str | None]
    """The HTTP request that started it, for the logs."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
