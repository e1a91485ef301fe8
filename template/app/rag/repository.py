"""All SQL on the catalogue of documents."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import undefer

from app.db import autocommit, new_id, transaction
from app.rag.models import RagContent, RagDocument, RagEntry, RagIndex, RagPart, State

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
    async with autocommit() as session:
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
    async with autocommit() as session:
        return [Listed(document, entry) for document, entry in await session.execute(statement)]


async def find_by_source(sources: Collection[str], owner: str) -> list[RagDocument]:
    """Return an owner's documents of these sources."""
    statement = select(RagDocument).where(RagDocument.owner == owner, RagDocument.source.in_(sources))
    async with autocommit() as session:
        return list((await session.scalars(statement)).all())


async def documents_named(name: str, readers: Readers) -> list[RagDocument]:
    """Return documents whose source is this, or ends with it as a path does."""
    statement = select(RagDocument).where(
        RagDocument.state == State.indexed,
        or_(RagDocument.source == name, RagDocument.source.endswith(f"/{name}", autoescape=True)),
    )
    if readers is not None:
        statement = statement.where(RagDocument.owner.in_(readers))
    async with autocommit() as session:
        return list((await session.scalars(statement.limit(10))).all())


async def unfinished() -> list[UUID]:
    """Return the documents that wait to be indexed, or were being indexed, or deleted, the oldest first."""
    waiting = (State.queued, State.parsing, State.embedding, State.deleting)
    statement = select(RagDocument.id).where(RagDocument.state.in_(waiting)).order_by(RagDocument.id)
    async with autocommit() as session:
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
    async with autocommit() as session:
        return await session.scalar(statement) is not None


async def content_of(document_id: UUID) -> RagContent | None:
    """Return what is kept of a document, with its file and its text."""
    statement = (
        select(RagContent)
        .where(RagContent.document_id == document_id)
        .options(undefer(RagContent.file), undefer(RagContent.sections))
    )
    async with autocommit() as session:
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
    async with autocommit() as session:
        await session.execute(delete(RagDocument).where(RagDocument.id == document_id))
