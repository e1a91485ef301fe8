"""The tables of runs."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id


class Status(StrEnum):
    """The states of a run: `queued → running → succeeded | failed | cancelled`, or for a while `waiting`."""

    queued = "queued"
    running = "running"
    waiting = "waiting"
    """For a person's decision; then it is queued again."""
    succeeded = "succeeded"
    failed = "failed"
    cancelled = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the run has ended."""
        return self in {Status.succeeded, Status.failed, Status.cancelled}


class Run(Base):
    """One execution of a workflow. All times are those of the database's clock."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("idempotency_key"),
        Index("ix_runs_due", "due_at", postgresql_where="status = 'queued'"),
        Index("ix_runs_leases", "lease_until", postgresql_where="status = 'running'"),
        Index("ix_runs_callbacks", "callback_due_at", postgresql_where="callback_due_at IS NOT NULL"),
        Index("ix_runs_expiring", "expires_at", postgresql_where="expires_at IS NOT NULL"),
        Index("ix_runs_caller_id", "caller", "id"),
        Index("ix_runs_finished_at", "finished_at", postgresql_where="finished_at IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    workflow: Mapped[str]
    workflow_version: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    """The version of the workflow that the run was begun with: its kept steps are of that version."""
    caller: Mapped[str | None]
    """The key or subject that started it, and may see it; None: it is older than this column."""
    rights: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """What the caller may do: its work may do no more."""
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """The groups that the caller belongs to."""
    status: Mapped[str] = mapped_column(default=Status.queued)
    input: Mapped[dict[str, Any]]
    output: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    """`code`, `detail`, `hint` and `details` of what went wrong, the last time."""
    waiting_for: Mapped[dict[str, Any] | None]
    """`step`, `question` and `decision_schema` of the decision that the run waits for."""
    expires_at: Mapped[datetime | None]
    """When it no longer waits for the decision, but fails."""

    priority: Mapped[int] = mapped_column(SmallInteger, server_default="5")
    """0 to 9; the higher, the sooner."""
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """How often it has been started."""
    due_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    """Not to be started earlier: after a failed attempt it waits."""
    sent_at: Mapped[datetime | None]
    """When its message was last given to the broker; None if that is still to be done."""
    sends: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """How often its message was sent since the run was last claimed: the more often, the later again."""
    lease: Mapped[UUID | None]
    """Names the worker's claim. Only who holds it may change a running run."""
    lease_until: Mapped[datetime | None]
    """When the claim ends, unless it is renewed: then another worker takes over."""
    cancel_requested: Mapped[bool] = mapped_column(server_default="false")

    callback_url: Mapped[str | None]
    """Where callbacks go: when the run waits for a person, and when it has ended."""
    callback_event_at: Mapped[datetime | None]
    """When the run changed to the state that the caller is to be notified of."""
    callback_due_at: Mapped[datetime | None]
    """When the next attempt to deliver that is due; None when no delivery is pending."""
    callback_attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    callback_delivered_at: Mapped[datetime | None]

    idempotency_key: Mapped[str | None]
    request_digest: Mapped[str | None]
    """What was asked under the idempotency key: the same key with another request is refused."""
    request_id: Mapped[str | None]
    """The HTTP request that started it, for the logs."""
    traceparent: Mapped[str | None]
    """Where in a trace it was asked for (W3C Trace Context): every attempt belongs there."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class RunEvent(Base):
    """One thing that happened to a run. Its id grows in the order in which a run's events happen."""

    __tablename__ = "run_events"
    __table_args__ = (Index("ix_run_events_run_id_id", "run_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    type: Mapped[str]
    """A state of the run, or `step`, `retrying` or `decided`."""
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class RunStep(Base):
    """A step that is done, with its output: it is not done again."""

    __tablename__ = "run_steps"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    output: Mapped[dict[str, Any]]
    """`{"value": …}`: an output need not be an object."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class RunSchedule(Base):
    """When a schedule of the settings was last due."""

    __tablename__ = "run_schedules"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
