"""Refunds that were given."""

import sqlalchemy as sa
from alembic import op

revision = "customers_0002"
down_revision = "customers_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "support_refunds",
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(18, 2), nullable=False),
        sa.PrimaryKeyConstraint("order_number", name="pk_support_refunds"),
    )
    op.create_index("ix_support_refunds_email_day", "support_refunds", ["email", "day"])


def downgrade() -> None:
    op.drop_table("support_refunds")
