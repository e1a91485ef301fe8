"""All SQL on the catalogue of documents."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from app.db import new_id, transaction
from app.rag.models import RagContent, RagDocument, RagEntry, RagIndex, RagPart, State
from app.rag.store import Index

Readers = Collection[str] | None
"""Owners whose documents may be seen; None: all."""


@dataclass(frozen=True)
class NewDocument:
    """A file that is to be searched."""

    owner: str
    source: str
    digest: str
    file: bytes
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Listed:
    """A document, and what it became in the current index."""

    document: RagDocument
    entry: RagEntry | None
    parts: int = 0
    """Of the version that is on its way."""
    done: int = 0
    """Of these, how many are embedded."""


async def put_document(new: NewDocument) -> tuple[RagDocument, bool]:
    """Keep a file. Returns its document, and whether there is anything to do: not for the same file again."""
    async with transaction() as session:
        values = {
            "owner": new.owner,
            "source": new.source,
            "digest": new.digest,
            "fields": dict(new.fields),
            "bytes": len(new.file),
        }
        insert = upsert(RagDocument).values(id=new_id(), **values)
        made = await session.scalar(
            insert.on_conflict_do_nothing(index_elements=["owner", "source"]).returning(RagDocument.id)
        )
        document = (
            await session.scalars(
                select(RagDocument)
                .where(RagDocument.owner == new.owner, RagDocument.source == new.source)
                .with_for_update()
            )
        ).one()
        if made is None:
            same = document.digest == new.digest and document.fields == dict(new.fields)
            if same and document.state != State.deleting:
                return _again(document)
            _begin_version(document, new)
        content = upsert(RagContent).values(document_id=document.id, version=document.version, file=new.file)
        await session.execute(
            content.on_conflict_do_update(
                index_elements=["document_id"],
                set_={"version": document.version, "file": new.file, "sections": None},
            )
        )
        return document, True


def _again(document: RagDocument) -> tuple[RagDocument, bool]:
    """Go on with what has failed: what was done of it is not done again."""
    failed = document.state == State.failed
    if failed:
        document.state, document.error = State.queued, None
    return document, failed


def _begin_version(document: RagDocument, new: NewDocument) -> None:
    document.version += 1
    document.digest, document.fields, document.bytes = new.digest, dict(new.fields), len(new.file)
    document.state, document.error = State.queued, None


async def find_document(document_id: UUID) -> RagDocument | None:
    """Return a document."""
    async with transaction() as session:
        return await session.get(RagDocument, document_id)


async def get_document(document_id: UUID) -> Listed | None:
    """Return a document with what it became."""
    async with transaction() as session:
        document = await session.get(RagDocument, document_id)
        if document is None:
            return None
        entry = await session.scalar(
            select(RagEntry)
            .join(RagIndex, (RagIndex.id == RagEntry.index_id) & RagIndex.is_current)
            .where(RagEntry.document_id == document_id)
        )
        parts = (
            await session.execute(
                select(func.count(), func.count(RagPart.vectors)).where(
                    RagPart.document_id == document_id, RagPart.version == document.version
                )
            )
        ).one()
        return Listed(document, entry, *parts)


async def list_documents(
    readers: Readers, limit: int, after: UUID | None = None, state: str | None = None
) -> list[Listed]:
    """Return documents, the newest first, with what they became in the current index."""
    current = select(RagIndex.id).where(RagIndex.is_current).scalar_subquery()
    statement = (
        select(RagDocument, RagEntry)
        .outerjoin(RagEntry, (RagEntry.document_id == RagDocument.id) & (RagEntry.index_id == current))
        .order_by(RagDocument.id.desc())
        .limit(limit)
    )
    if readers is not None:
        statement = statement.where(RagDocument.owner.in_(readers))
    if after:
        statement = statement.where(RagDocument.id < after)
    if state:
        statement = statement.where(RagDocument.state == state)
    async with transaction() as session:
        return [Listed(document, entry) for document, entry in await session.execute(statement)]


async def find_by_source(sources: Collection[str], owner: str) -> list[RagDocument]:
    """Return an owner's documents of these sources."""
    statement = select(RagDocument).where(RagDocument.owner == owner, RagDocument.source.in_(sources))
    async with transaction() as session:
        return list((await session.scalars(statement)).all())


async def documents_named(name: str, readers: Readers) -> list[RagDocument]:
    """Return documents whose source is this, or ends with it as a path does."""
    statement = select(RagDocument).where(
        RagDocument.state == State.indexed,
        or_(RagDocument.source == name, RagDocument.source.endswith(f"/{name}", autoescape=True)),
    )
    if readers is not None:
        statement = statement.where(RagDocument.owner.in_(readers))
    async with transaction() as session:
        return list((await session.scalars(statement.limit(10))).all())


async def searchable(index: Index, documents: Collection[UUID]) -> dict[UUID, tuple[RagDocument, int]]:
    """Return those documents that are in an index, each with the version that is."""
    statement = (
        select(RagDocument, RagEntry.version)
        .join(RagEntry, RagEntry.document_id == RagDocument.id)
        .where(RagEntry.index_id == index.id, RagDocument.id.in_(documents))
    )
    async with transaction() as session:
        return {document.id: (document, version) for document, version in await session.execute(statement)}


async def unfinished() -> list[UUID]:
    """Return the documents that wait to be indexed, or were being indexed, or deleted, the oldest first."""
    waiting = (State.queued, State.parsing, State.embedding, State.deleting)
    statement = select(RagDocument.id).where(RagDocument.state.in_(waiting)).order_by(RagDocument.id)
    async with transaction() as session:
        return list((await session.scalars(statement)).all())


async def set_state(document_id: UUID, version: int, state: State, **values: Any) -> bool:
    """Change the state of a version. False if it is not the newest any more, or deleted."""
    statement = (
        update(RagDocument)
        .where(
            RagDocument.id == document_id,
            RagDocument.version == version,
            RagDocument.state != State.deleting,
        )
        .values(state=state, updated_at=func.clock_timestamp(), **values)
        .returning(RagDocument.id)
    )
    async with transaction() as session:
        return await session.scalar(statement) is not None


async def content_of(document_id: UUID) -> RagContent | None:
    """Return what is kept of a document, with its file and its text."""
    statement = (
        select(RagContent)
        .where(RagContent.document_id == document_id)
        .options(undefer(RagContent.file), undefer(RagContent.sections))
    )
    async with transaction() as session:
        found: RagContent | None = await session.scalar(statement)
        return found


async def keep_text(document_id: UUID, version: int, sections: dict[str, Any], **values: Any) -> bool:
    """Keep the text in the place of the file. False if the version is not the newest any more."""
    statement = (
        update(RagContent)
        .where(RagContent.document_id == document_id, RagContent.version == version)
        .values(sections=sections, file=None)
        .returning(RagContent.document_id)
    )
    async with transaction() as session:
        if await session.scalar(statement) is None:
            return False
        await session.execute(
            update(RagDocument)
            .where(RagDocument.id == document_id, RagDocument.version == version)
            .values(**values)
        )
        return True


async def begin_removal(document_id: UUID) -> bool:
    """Hide a document from every search. False if there is none."""
    async with transaction() as session:
        document = await session.get(RagDocument, document_id, with_for_update=True)
        if document is None:
            return False
        document.state = State.deleting
        await session.execute(delete(RagEntry).where(RagEntry.document_id == document_id))
        return True


async def end_removal(document_id: UUID) -> None:
    """Delete what is left of a document in the catalogue."""
    async with transaction() as session:
        await session.execute(delete(RagDocument).where(RagDocument.id == document_id))


# ---- indexes

EVALUATION = "evaluation:"
"""With this begins how the chunks of an index were cut that holds no documents, but an evaluation's."""


async def current_index() -> Index | None:
    """Return the index that is searched; None before the first document."""
    async with transaction() as session:
        row = await session.scalar(select(RagIndex).where(RagIndex.is_current))
        return _index(row) if row else None


async def all_indexes() -> list[Index]:
    """Return the indexes, the current one first."""
    statement = (
        select(RagIndex)
        .where(~RagIndex.chunking.startswith(EVALUATION))
        .order_by(RagIndex.is_current.desc(), RagIndex.id)
    )
    async with transaction() as session:
        return [_index(row) for row in (await session.scalars(statement)).all()]


async def evaluation_indexes() -> list[Index]:
    """Return the indexes of evaluations."""
    statement = select(RagIndex).where(RagIndex.chunking.startswith(EVALUATION)).order_by(RagIndex.id)
    async with transaction() as session:
        return [_index(row) for row in (await session.scalars(statement)).all()]


async def add_index(embedder: str, dimension: int, chunking: str, *, current: bool) -> Index | None:
    """Make an index. None if it was to be the current one, and there is one."""
    statement = upsert(RagIndex).values(
        embedder=embedder, dimension=dimension, chunking=chunking, is_current=current
    )
    async with transaction() as session:
        made = await session.scalar(statement.on_conflict_do_nothing().returning(RagIndex))
        return _index(made) if made else None


async def switch_to(index: Index) -> None:
    """Make an index the current one."""
    async with transaction() as session:
        await session.execute(update(RagIndex).where(RagIndex.is_current).values(is_current=False))
        await session.execute(update(RagIndex).where(RagIndex.id == index.id).values(is_current=True))


async def remove_index(index: Index) -> None:
    """Delete an index from the catalogue."""
    async with transaction() as session:
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
    async with transaction() as session:
        return list((await session.scalars(statement)).all())


async def totals() -> tuple[int, int, datetime | None]:
    """Return how many documents and chunks can be found, and when the last one was indexed."""
    statement = (
        select(func.count(), func.coalesce(func.sum(RagEntry.chunks), 0), func.max(RagEntry.indexed_at))
        .select_from(RagEntry)
        .join(RagIndex, (RagIndex.id == RagEntry.index_id) & RagIndex.is_current)
    )
    async with transaction() as session:
        documents, chunks, latest = (await session.execute(statement)).one()
        return documents, chunks, latest


def _index(row: RagIndex) -> Index:
    return Index(row.id, row.embedder, row.dimension, row.chunking)


# ---- parts on their way into an index


@dataclass(frozen=True)
class PartKey:
    """Names a part."""

    index: int
    document: UUID
    version: int
    number: int


async def add_parts(index: Index, document_id: UUID, version: int, parts: Sequence[dict[str, Any]]) -> None:
    """Keep the chunks of a document in parts; what there is of other versions goes."""
    async with transaction() as session:
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
    async with transaction() as session:
        return {number: bool(done) for number, done in await session.execute(statement)}


async def get_part(key: PartKey) -> RagPart | None:
    """Return a part."""
    async with transaction() as session:
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
    async with transaction() as session:
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
    ).where(*_of(index, document_id, version))
    tokens, cost, known = (await session.execute(spent)).one()
    if chunks == 0:  # another one has finished it meanwhile
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
