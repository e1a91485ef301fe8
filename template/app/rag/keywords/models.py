"""The chunks, and how often each word occurs in them."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class RagChunk(Base):
    """A chunk. A GIN index for its words is made for each index of the catalogue: see `index.py`."""

    __tablename__ = "rag_chunks"
    __table_args__ = (Index("ix_rag_chunks_fields", "fields", postgresql_using="gin"),)

    index_id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    source: Mapped[str]
    format: Mapped[str]
    language: Mapped[str]
    fields: Mapped[dict[str, Any]]
    page: Mapped[int | None]
    headings: Mapped[list[str]] = mapped_column(ARRAY(Text))
    kind: Mapped[str]
    text: Mapped[str]
    context: Mapped[str]
    words: Mapped[Any] = mapped_column(TSVECTOR)
    """What keyword search sees: headings, context and text, stemmed in the document's language."""
    length: Mapped[int]
    """How many words that are."""


class RagWord(Base):
    """In how many chunks a word stands: rare words say more (inverse document frequency)."""

    __tablename__ = "rag_words"

    index_id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
    chunks: Mapped[int]


class RagTotal(Base):
    """How many chunks and words an index has of a language."""

    __tablename__ = "rag_totals"

    index_id: Mapped[int] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    chunks: Mapped[int] = mapped_column(BigInteger)
    words: Mapped[int] = mapped_column(BigInteger)
