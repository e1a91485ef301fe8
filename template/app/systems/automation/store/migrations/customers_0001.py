"""Customers and orders."""

import sqlalchemy as sa
from alembic import op

revision = "customers_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "support_customers",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), server_default="standard", nullable=False),
        sa.PrimaryKeyConstraint("email", name="pk_support_customers"),
    )
    op.create_table(
        "support_orders",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_email", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(18, 2), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_email"],
            ["support_customers.email"],
            name="fk_support_orders_customer_email_support_customers",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name="pk_support_orders"),
    )
    op.create_index("ix_support_orders_customer_email", "support_orders", ["customer_email"])


def downgrade() -> None:
    op.drop_table("support_orders")
    op.drop_table("support_customers")
