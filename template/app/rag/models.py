"""The catalogue of documents: what there is, in which state, and what it took."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    Numeric,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id

EVERYONE = "everyone"
"""The owner of documents that every reader may read."""


class State(StrEnum):
    """The states of a document: `queued → parsing → embedding → indexed`, or `failed`."""

    queued = "queued"
    parsing = "parsing"
    embedding = "embedding"
    indexed = "indexed"
    failed = "failed"
    deleting = "deleting"
    """It is not found any more; what is left of it goes."""


class RagDocument(Base):
    """A document. Two of the same name in different folders are two: `source` is the whole path."""

    __tablename__ = "rag_documents"
    __table_args__ = (
        UniqueConstraint("owner", "source"),
        Index("ix_rag_documents_state", "state", postgresql_where="state NOT IN ('indexed', 'failed')"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner: Mapped[str]
    """`everyone`, the key or subject that added it, or `group:NAME`."""
    source: Mapped[str]
    """Where it comes from: a path, a URL, or the name of an uploaded file."""
    digest: Mapped[str]
    """SHA-256 of the file: the same again changes nothing."""
    version: Mapped[int] = mapped_column(server_default="1")
    """Grows when the file changes."""
    fields: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """The owner's own, by which one may filter."""
    state: Mapped[str] = mapped_column(server_default=State.queued)
    error: Mapped[dict[str, Any] | None]
    """`code`, `detail` and `hint` of why it failed."""
    format: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str] = mapped_column(server_default="simple")
    pages: Mapped[int | None]
    bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class RagContent(Base):
    """A document's file until it is parsed, and then its text: any index can be built from it again."""

    __tablename__ = "rag_contents"

    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("rag_documents.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int]
    file: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sections: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    """`{"sections": [[text, page, headings, kind], …]}`."""


class RagIndex(Base):
    """An index in the store. One is current; another may be built beside it, to replace it."""

    __tablename__ = "rag_indexes"
    __table_args__ = (
        Index("uq_rag_indexes_current", "is_current", unique=True, postgresql_where="is_current"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    embedder: Mapped[str]
    dimension: Mapped[int]
    chunking: Mapped[str]
    is_current: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class RagEntry(Base):
    """A version of a document in an index: only what has an entry is found."""

    __tablename__ = "rag_entries"

    index_id: Mapped[int] = mapped_column(ForeignKey("rag_indexes.id", ondelete="CASCADE"), primary_key=True)
    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("rag_documents.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int]
    chunks: Mapped[int]
    tokens: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    """US dollars, for embedding and contexts; None: the price is not known."""
    indexed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class RagPart(Base):
    """Some chunks of a document on their way into an index. What is done is not done again."""

    __tablename__ = "rag_parts"
    __table_args__ = (
        ForeignKeyConstraint(["document_id"], ["rag_documents.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["index_id"], ["rag_indexes.id"], ondelete="CASCADE"),
    )

    index_id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    """From 0."""
    chunks: Mapped[dict[str, Any]]
    """`{"chunks": [[position, text, page, headings, kind, context], …]}`."""
    vectors: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Numbers of 32 bits, one row a chunk; None until they are embedded."""
    tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cost: Mapped[Decimal | None] = mapped_column(Numeric(14, 8), server_default="0")
