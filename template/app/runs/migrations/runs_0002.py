"""Durable runs: leases, attempts, events and steps."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "runs_0002"
down_revision = "runs_0001"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.add_column("runs", sa.Column("priority", sa.SmallInteger(), server_default="5", nullable=False))
    op.add_column("runs", sa.Column("attempt", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("runs", _time("due_at", server_default=NOW, nullable=False))
    op.add_column("runs", _time("sent_at"))
    op.add_column("runs", sa.Column("lease", sa.Uuid(), nullable=True))
    op.add_column("runs", _time("lease_until"))
    op.add_column("runs", sa.Column("cancel_requested", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("runs", sa.Column("idempotency_key", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("request_digest", sa.Text(), nullable=True))
    op.alter_column("runs", "created_at", server_default=NOW)
    op.create_unique_constraint("uq_runs_idempotency_key", "runs", ["idempotency_key"])
    op.drop_index("ix_runs_queued", "runs")
    op.create_index("ix_runs_due", "runs", ["due_at"], postgresql_where=sa.text("status = 'queued'"))
    op.create_index("ix_runs_leases", "runs", ["lease_until"], postgresql_where=sa.text("status = 'running'"))
    # without a lease a run of the old version could never be taken over
    op.execute("UPDATE runs SET lease_until = clock_timestamp() WHERE status = 'running'")
    op.create_table(
        "run_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(none_as_null=True), nullable=False),
        _time("created_at", server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_run_events_run_id_runs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_run_events"),
    )
    op.create_index("ix_run_events_run_id_id", "run_events", ["run_id", "id"])
    op.create_table(
        "run_steps",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("output", postgresql.JSONB(none_as_null=True), nullable=False),
        _time("created_at", server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_steps_run_id_runs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "name", name="pk_run_steps"),
    )


def downgrade() -> None:
    op.drop_table("run_steps")
    op.drop_table("run_events")
    op.drop_index("ix_runs_leases", "runs")
    op.drop_index("ix_runs_due", "runs")
    op.create_index("ix_runs_queued", "runs", ["created_at"], postgresql_where=sa.text("status = 'queued'"))
    op.drop_constraint("uq_runs_idempotency_key", "runs")
    op.alter_column("runs", "created_at", server_default=None)
    op.execute("UPDATE runs SET status = 'failed' WHERE status = 'cancelled'")
    for column in (
        "request_digest",
        "idempotency_key",
        "cancel_requested",
        "lease_until",
        "lease",
        "sent_at",
        "due_at",
        "attempt",
        "priority",
    ):
        op.drop_column("runs", column)


def _time(
    name: str, *, server_default: sa.TextClause | None = None, nullable: bool = True
) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=server_default, nullable=nullable)
