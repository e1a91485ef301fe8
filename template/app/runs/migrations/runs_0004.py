"""What a run waits for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "runs_0004"
down_revision = "runs_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("waiting_for", JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "waiting_for")
