"""Answers that a later turn may go on from by their ids."""

import sqlalchemy as sa
from alembic import op

revision = "chat_0002"
down_revision = "chat_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation_messages", sa.Column("response", sa.Text(), nullable=True))
    op.create_unique_constraint("uq_conversation_messages_response", "conversation_messages", ["response"])


def downgrade() -> None:
    op.drop_constraint("uq_conversation_messages_response", "conversation_messages", type_="unique")
    op.drop_column("conversation_messages", "response")
