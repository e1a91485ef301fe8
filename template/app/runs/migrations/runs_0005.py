"""Owners, versions of workflows, decisions that expire, callbacks of waiting runs, bounded re-sending."""

import sqlalchemy as sa
from alembic import op

revision = "runs_0005"
down_revision = "runs_0004"
branch_labels = None
depends_on = None

COLUMNS = (
    ("workflow_version", sa.SmallInteger(), "1"),
    ("caller", sa.Text(), None),
    ("expires_at", sa.DateTime(timezone=True), None),
    ("sends", sa.SmallInteger(), "0"),
    ("callback_event_at", sa.DateTime(timezone=True), None),
)


def upgrade() -> None:
    for name, type_, default in COLUMNS:
        op.add_column("runs", sa.Column(name, type_, server_default=default, nullable=default is None))
    op.execute("UPDATE runs SET callback_event_at = finished_at WHERE callback_url IS NOT NULL")
    op.create_index(
        "ix_runs_expiring", "runs", ["expires_at"], postgresql_where=sa.text("expires_at IS NOT NULL")
    )
    op.create_index("ix_runs_caller_id", "runs", ["caller", "id"])
    op.create_index(
        "ix_runs_finished_at", "runs", ["finished_at"], postgresql_where=sa.text("finished_at IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_runs_finished_at", "runs")
    op.drop_index("ix_runs_caller_id", "runs")
    op.drop_index("ix_runs_expiring", "runs")
    for name, _, _ in reversed(COLUMNS):
        op.drop_column("runs", name)
