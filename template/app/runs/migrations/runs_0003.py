"""Callbacks and schedules."""

import sqlalchemy as sa
from alembic import op

revision = "runs_0003"
down_revision = "runs_0002"
branch_labels = None
depends_on = None

WAITING = sa.text("callback_due_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("runs", sa.Column("callback_url", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("callback_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "runs", sa.Column("callback_attempts", sa.SmallInteger(), server_default="0", nullable=False)
    )
    op.add_column("runs", sa.Column("callback_delivered_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_runs_callbacks", "runs", ["callback_due_at"], postgresql_where=WAITING)
    op.create_table(
        "run_schedules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "last_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("name", name="pk_run_schedules"),
    )


def downgrade() -> None:
    op.drop_table("run_schedules")
    op.drop_index("ix_runs_callbacks", "runs")
    for name in ("callback_delivered_at", "callback_attempts", "callback_due_at", "callback_url"):
        op.drop_column("runs", name)
