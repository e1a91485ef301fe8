"""Where in a trace a run was asked for."""

import sqlalchemy as sa
from alembic import op

revision = "runs_0007"
down_revision = "runs_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("traceparent", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "traceparent")
