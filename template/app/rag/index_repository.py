"""All SQL on the catalogue of indexes, and on which documents are in them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db import autocommit, transaction
from app.rag.models import RagDocument, RagEntry, RagIndex, State
from app.rag.store import Index

EVALUATION = "evaluation:"
"""With this begins how the chunks of an index were cut that holds no documents, but an evaluation's."""


async def current_index() -> Index | None:
    """Return the index that is searched; None before the first document."""
    async with autocommit() as session:
        row = await session.scalar(select(RagIndex).where(RagIndex.is_current))
        return _index(row) if row else None


async def all_indexes() -> list[Index]:
    """Return the indexes, the current one first."""
    statement = (
        select(RagIndex)
        .where(~RagIndex.chunking.startswith(EVALUATION))
        .order_by(RagIndex.is_current.desc(), RagIndex.id)
    )
    async with autocommit() as session:
        return [_index(row) for row in (await session.scalars(statement)).all()]


async def evaluation_indexes() -> list[Index]:
    """Return the indexes of evaluations."""
    statement = select(RagIndex).where(RagIndex.chunking.startswith(EVALUATION)).order_by(RagIndex.id)
    async with autocommit() as session:
        return [_index(row) for row in (await session.scalars(statement)).all()]


async def add_index(embedder: str, dimension: int, chunking: str, *, current: bool) -> Index | None:
    """Make an index. None if it was to be the current one, and there is one."""
    statement = upsert(RagIndex).values(
        embedder=embedder, dimension=dimension, chunking=chunking, is_current=current
    )
    async with autocommit() as session:
        made = await session.scalar(statement.on_conflict_do_nothing().returning(RagIndex))
        return _index(made) if made else None


async def switch_to(index: Index) -> None:
    """Make an index the current one."""
    async with transaction() as session:
        await session.execute(update(RagIndex).where(RagIndex.is_current).values(is_current=False))
        await session.execute(update(RagIndex).where(RagIndex.id == index.id).values(is_current=True))


async def remove_index(index: Index) -> None:
    """Delete an index from the catalogue."""
    async with autocommit() as session:
        await session.execute(delete(RagIndex).where(RagIndex.id == index.id))


async def lacking(index: Index) -> list[UUID]:
    """Return the documents whose text is kept and that an index does not have, the oldest first."""
    statement = (
        select(RagDocument.id)
        .outerjoin(
            RagEntry,
            (RagEntry.document_id == RagDocument.id)
            & (RagEntry.index_id == index.id)
            & (RagEntry.version == RagDocument.version),
        )
        .where(RagEntry.document_id.is_(None), RagDocument.state == State.indexed)
        .order_by(RagDocument.id)
    )
    async with autocommit() as session:
        return list((await session.scalars(statement)).all())


async def totals() -> tuple[int, int, datetime | None]:
    """Return how many documents and chunks can be found, and when the last one was indexed."""
    statement = (
        select(func.count(), func.coalesce(func.sum(RagEntry.chunks), 0), func.max(RagEntry.indexed_at))
        .select_from(RagEntry)
        .join(RagIndex, (RagIndex.id == RagEntry.index_id) & RagIndex.is_current)
    )
    async with autocommit() as session:
        documents, chunks, latest = (await session.execute(statement)).one()
        return documents, chunks, latest


def _index(row: RagIndex) -> Index:
    return Index(row.id, row.embedder, row.dimension, row.chunking)


async def searchable(index: Index, documents: Collection[UUID]) -> dict[UUID, tuple[RagDocument, int]]:
    """Return those documents that are in an index, each with the version that is."""
    statement = (
        select(RagDocument, RagEntry.version)
        .join(RagEntry, RagEntry.document_id == RagDocument.id)
        .where(RagEntry.index_id == index.id, RagDocument.id.in_(documents))
    )
    async with autocommit() as session:
        return {document.id: (document, version) for document, version in await session.execute(statement)}
