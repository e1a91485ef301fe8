"""What the caller of a run may do."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "runs_0006"
down_revision = "runs_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("rights", "groups"):
        op.add_column("runs", sa.Column(name, ARRAY(sa.Text()), server_default="{}", nullable=False))


def downgrade() -> None:
    for name in ("groups", "rights"):
        op.drop_column("runs", name)
