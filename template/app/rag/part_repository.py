"""All SQL on the parts of documents that are on their way into an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import autocommit, transaction
from app.rag.models import RagDocument, RagEntry, RagPart, State
from app.rag.store import Index


@dataclass(frozen=True)
class PartKey:
    """Names a part."""

    index: int
    document: UUID
    version: int
    number: int


async def add_parts(index: Index, document_id: UUID, version: int, parts: Sequence[dict[str, Any]]) -> None:
    """Keep the chunks of a document in parts; what there is of other versions goes.

    A version that another one has entered into the index meanwhile gets no parts again.
    """
    async with transaction() as session:
        await session.get(RagDocument, document_id, with_for_update=True)
        entry = await session.get(RagEntry, (index.id, document_id))
        if entry and entry.version == version:
            return
        await session.execute(
            delete(RagPart).where(
                RagPart.index_id == index.id, RagPart.document_id == document_id, RagPart.version != version
            )
        )
        rows = [
            {
                "index_id": index.id,
                "document_id": document_id,
                "version": version,
                "number": number,
                "chunks": chunks,
            }
            for number, chunks in enumerate(parts)
        ]
        if rows:
            await session.execute(upsert(RagPart).on_conflict_do_nothing(), rows)


async def part_numbers(index: Index, document_id: UUID, version: int) -> dict[int, bool]:
    """Return the numbers of a document's parts, each with whether it is embedded."""
    statement = (
        select(RagPart.number, RagPart.vectors.is_not(None))
        .where(*_of(index, document_id, version))
        .order_by(RagPart.number)
    )
    async with autocommit() as session:
        return {number: bool(done) for number, done in await session.execute(statement)}


async def get_part(key: PartKey) -> RagPart | None:
    """Return a part."""
    async with autocommit() as session:
        return await session.get(RagPart, (key.index, key.document, key.version, key.number))


async def keep_vectors(
    key: PartKey, chunks: dict[str, Any], vectors: bytes, tokens: int, cost: Decimal | None
) -> None:
    """Keep what a part has become. One that was done meanwhile stays as it is."""
    statement = update(RagPart).where(
        RagPart.index_id == key.index,
        RagPart.document_id == key.document,
        RagPart.version == key.version,
        RagPart.number == key.number,
        RagPart.vectors.is_(None),
    )
    async with autocommit() as session:
        await session.execute(statement.values(chunks=chunks, vectors=vectors, tokens=tokens, cost=cost))


async def enter(index: Index, document_id: UUID, version: int, chunks: int) -> bool:
    """Let a version be found in an index from now on. False if it is not the newest any more, or deleted."""
    async with transaction() as session:
        document = await session.get(RagDocument, document_id, with_for_update=True)
        if document is None or document.version != version or document.state == State.deleting:
            return False
        await _enter(session, index, document_id, version, chunks)
        await session.execute(
            delete(RagPart).where(RagPart.index_id == index.id, RagPart.document_id == document_id)
        )
        document.state, document.error = State.indexed, None
        return True


async def _enter(session: AsyncSession, index: Index, document_id: UUID, version: int, chunks: int) -> None:
    spent = select(
        func.coalesce(func.sum(RagPart.tokens), 0),
        func.coalesce(func.sum(RagPart.cost), 0),
        func.count(RagPart.cost) == func.count(),
        func.count(),
    ).where(*_of(index, document_id, version))
    tokens, cost, known, parts = (await session.execute(spent)).one()
    if parts == 0:  # another one has finished it meanwhile: `chunks` may be only some of them
        return
    values = {
        "version": version,
        "chunks": chunks,
        "tokens": tokens,
        "cost": cost if known else None,
        "indexed_at": func.clock_timestamp(),
    }
    entry = upsert(RagEntry).values(index_id=index.id, document_id=document_id, **values)
    await session.execute(
        entry.on_conflict_do_update(index_elements=["index_id", "document_id"], set_=values)
    )


def _of(index: Index, document_id: UUID, version: int) -> tuple[Any, ...]:
    return (
        RagPart.index_id == index.id,
        RagPart.document_id == document_id,
        RagPart.version == version,
    )
