"""The vectors."""

from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class RagVector(Base):
    """The vector of a chunk. An HNSW index is made for each index of the catalogue: see `adapter.py`."""

    __tablename__ = "rag_vectors"

    index_id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    embedding: Mapped[Any] = mapped_column(HALFVEC)
    """Half precision: half the memory, and no difference to the ranking."""
