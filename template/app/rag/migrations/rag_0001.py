"""The catalogue of documents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "rag_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rag_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("fields", JSONB(none_as_null=True), server_default="{}", nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("error", JSONB(none_as_null=True), nullable=True),
        sa.Column("format", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="simple", nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        _time("created_at"),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_rag_documents"),
        sa.UniqueConstraint("owner", "source", name="uq_rag_documents_owner_source"),
    )
    op.create_index(
        "ix_rag_documents_state",
        "rag_documents",
        ["state"],
        postgresql_where=sa.text("state NOT IN ('indexed', 'failed')"),
    )
    op.create_table(
        "rag_contents",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=True),
        sa.Column("sections", JSONB(none_as_null=True), nullable=True),
        _of_document("rag_contents"),
        sa.PrimaryKeyConstraint("document_id", name="pk_rag_contents"),
    )
    op.create_table(
        "rag_indexes",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("embedder", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("chunking", sa.Text(), nullable=False),
        sa.Column("is_current", sa.Boolean(), server_default="false", nullable=False),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_rag_indexes"),
    )
    op.create_index(
        "uq_rag_indexes_current",
        "rag_indexes",
        ["is_current"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "rag_entries",
        sa.Column("index_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.Numeric(14, 8), nullable=True),
        _time("indexed_at"),
        _of_index("rag_entries"),
        _of_document("rag_entries"),
        sa.PrimaryKeyConstraint("index_id", "document_id", name="pk_rag_entries"),
    )
    op.create_table(
        "rag_parts",
        sa.Column("index_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("chunks", JSONB(none_as_null=True), nullable=False),
        sa.Column("vectors", sa.LargeBinary(), nullable=True),
        sa.Column("tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost", sa.Numeric(14, 8), server_default="0", nullable=True),
        _of_document("rag_parts"),
        _of_index("rag_parts"),
        sa.PrimaryKeyConstraint("index_id", "document_id", "version", "number", name="pk_rag_parts"),
    )


def downgrade() -> None:
    for table in ("rag_parts", "rag_entries", "rag_indexes", "rag_contents", "rag_documents"):
        op.drop_table(table)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
    )


def _of_document(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_document_id_rag_documents"
    return sa.ForeignKeyConstraint(["document_id"], ["rag_documents.id"], name=name, ondelete="CASCADE")


def _of_index(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_index_id_rag_indexes"
    return sa.ForeignKeyConstraint(["index_id"], ["rag_indexes.id"], name=name, ondelete="CASCADE")
