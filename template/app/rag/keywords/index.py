"""The keyword half of a vector store: chunks, their words, and how often each word occurs."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import autocommit
from app.rag import Chunk, Found, Index, Origin, Where, keyword_text
from app.rag.keywords import statements
from app.rag.keywords.conditions import to_sql
from app.rag.keywords.models import RagChunk, RagTotal, RagWord

_LOCK = 7_261_830_417
"""Of the advisory lock: two that make the same index wait for each other."""


class KeywordIndex:
    """Chunks in the table `rag_chunks`, with a GIN index of their own for each index.

    What changes an index takes the session of a transaction, so that a store can do its own part in it.
    """

    async def create(self, session: AsyncSession, index: Index) -> None:
        """Make the search index, if it is not there. Two that do it wait for each other."""
        name = f"rag_chunks_{index.id}_words"
        if await session.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name}):
            return
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        where = f"WHERE index_id = {index.id}"
        await session.execute(
            text(f"CREATE INDEX IF NOT EXISTS {name} ON rag_chunks USING gin (words) {where}")
        )

    async def drop(self, session: AsyncSession, index: Index) -> None:
        """Delete the chunks, the counts and the search index."""
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        await session.execute(text(f"DROP INDEX IF EXISTS rag_chunks_{index.id}_words"))
        for table in (RagChunk, RagWord, RagTotal):
            await session.execute(delete(table).where(table.index_id == index.id))

    async def write(
        self, session: AsyncSession, index: Index, origin: Origin, chunks: Sequence[Chunk]
    ) -> None:
        """Add chunks and count their words. Those that are there already stay as they are."""
        parameters = {
            "index": index.id,
            "document": origin.document,
            "version": origin.version,
            "owner": origin.owner,
            "source": origin.source,
            "format": origin.format,
            "language": origin.language,
            "fields": json.dumps(dict(origin.fields)),
            "positions": [chunk.position for chunk in chunks],
            "pages": [chunk.page for chunk in chunks],
            "headings": [json.dumps(chunk.headings) for chunk in chunks],
            "kinds": [chunk.kind for chunk in chunks],
            "texts": [chunk.text for chunk in chunks],
            "contexts": [chunk.context for chunk in chunks],
            "searched": [keyword_text(chunk.searched) for chunk in chunks],
        }
        await session.execute(text(statements.WRITE), parameters)

    async def delete(
        self, session: AsyncSession, index: Index, document: UUID, *, keep: int | None = None
    ) -> None:
        """Delete a document's chunks, but for those of the version `keep`."""
        parameters = {"index": index.id, "document": document, "keep": keep}
        await session.execute(text(statements.DELETE), parameters)

    async def search(self, index: Index, query: str, where: Where, limit: int) -> list[Found]:
        """Return the chunks that fit the words best."""
        sql, parameters = to_sql(where)
        parameters |= {"question": keyword_text(query), "many": limit, "most": limit}
        return await _rows(statements.by_keyword(index.id, sql), parameters)

    async def fetch(self, index: Index, keys: Sequence[tuple[UUID, int, int]]) -> list[Found]:
        """Return the chunks of these keys (document, version, position), as far as they are there."""
        documents, versions, positions = zip(*keys, strict=True) if keys else ((), (), ())
        parameters = {
            "documents": list(documents),
            "versions": list(versions),
            "positions": list(positions),
        }
        return await _rows(statements.around(index.id), {**parameters, "reach": 0})

    async def neighbours(self, index: Index, of: Sequence[Found], reach: int) -> list[Found]:
        """Return the chunks up to `reach` places before and after these, and these."""
        return await _rows(statements.around(index.id), {**keys_of(of), "reach": reach})

    async def count(self, index: Index) -> int:
        """Return how many chunks there are."""
        statement = "SELECT coalesce(sum(chunks), 0) FROM rag_totals WHERE index_id = :id"
        async with autocommit() as session:
            return int(await session.scalar(text(statement), {"id": index.id}) or 0)


async def _rows(statement: str, parameters: dict[str, Any]) -> list[Found]:
    async with autocommit() as session:
        return [to_found(row) for row in (await session.execute(text(statement), parameters)).mappings()]


def to_found(values: RowMapping) -> Found:
    """Return the chunk of a row, with the scores that it has."""
    chunk = Chunk(
        values["position"],
        values["text"],
        values["page"],
        tuple(values["headings"]),
        values["kind"],
        values["context"],
    )
    scores = {
        name: float(values[column])
        for name, column in (("dense", "cosine"), ("keyword", "bm25"))
        if values.get(column) is not None
    }
    score = float(values.get("score", 0.0))
    return Found(values["document_id"], values["version"], chunk, score, scores)


def keys_of(found: Sequence[Found]) -> dict[str, Any]:
    """Return the keys of chunks, as the parameters of a statement."""
    return {
        "documents": [each.document for each in found],
        "versions": [each.version for each in found],
        "positions": [each.chunk.position for each in found],
    }
