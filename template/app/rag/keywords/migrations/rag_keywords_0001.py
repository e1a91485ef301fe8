"""Chunks and their words."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

revision = "rag_keywords_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rag_chunks",
        sa.Column("index_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("fields", JSONB(none_as_null=True), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("headings", ARRAY(sa.Text()), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("words", TSVECTOR(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("index_id", "document_id", "version", "position", name="pk_rag_chunks"),
    )
    op.create_index("ix_rag_chunks_fields", "rag_chunks", ["fields"], postgresql_using="gin")
    op.create_table(
        "rag_words",
        sa.Column("index_id", sa.Integer(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("index_id", "word", name="pk_rag_words"),
    )
    op.create_table(
        "rag_totals",
        sa.Column("index_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("chunks", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("index_id", "language", name="pk_rag_totals"),
    )


def downgrade() -> None:
    for table in ("rag_totals", "rag_words", "rag_chunks"):
        op.drop_table(table)
