"""The vector store in PostgreSQL."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import RowMapping, delete, text

from app.db import transaction
from app.rag import Chunk, Found, Index, Origin, Weights, Where, keyword_text
from app.rag.pgvector import statements
from app.rag.pgvector.conditions import to_sql
from app.rag.pgvector.models import RagChunk, RagTotal, RagWord

_EF_SEARCH = 200
"""Candidates that HNSW keeps while it searches: more find more, and take longer."""
_SCAN_TUPLES = 100_000
"""Chunks that are looked at for a filter before the rest is searched exactly."""
_FUSED = 60
"""Of each ranking that is fused, at least so many."""
_LOCK = 7_261_830_417
"""Of the advisory lock: two that make the same index wait for each other."""


class PgVectorStore:
    """Chunks in the table `rag_chunks`, with an HNSW and a GIN index of their own for each index."""

    async def create(self, index: Index) -> None:
        """Make the two search indexes, if they are not there."""
        name = f"rag_chunks_{index.id}_vectors_{index.dimension}"
        async with transaction() as session:
            found = await session.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name})
            if found:
                return
            await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            await session.execute(text("SET LOCAL statement_timeout = 0"))
            for statement in (
                f"CREATE INDEX IF NOT EXISTS {name} ON rag_chunks USING hnsw "
                f"((embedding::halfvec({index.dimension})) halfvec_cosine_ops) WHERE index_id = {index.id}",
                f"CREATE INDEX IF NOT EXISTS rag_chunks_{index.id}_words ON rag_chunks USING gin (words) "
                f"WHERE index_id = {index.id}",
            ):
                await session.execute(text(statement))

    async def drop(self, index: Index) -> None:
        """Delete the chunks, the counts and the search indexes."""
        async with transaction() as session:
            await session.execute(text("SET LOCAL statement_timeout = 0"))
            for name in (f"vectors_{index.dimension}", "words"):
                await session.execute(text(f"DROP INDEX IF EXISTS rag_chunks_{index.id}_{name}"))
            for table in (RagChunk, RagWord, RagTotal):
                await session.execute(delete(table).where(table.index_id == index.id))

    async def write(
        self, index: Index, origin: Origin, chunks: Sequence[Chunk], vectors: NDArray[np.float32]
    ) -> None:
        """Add chunks and count their words."""
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
            "vectors": [_to_text(vector) for vector in vectors],
        }
        async with transaction() as session:
            await session.execute(text(statements.WRITE), parameters)

    async def delete(self, index: Index, document: UUID, *, keep: int | None = None) -> None:
        """Delete a document's chunks, but for those of one version."""
        parameters = {"index": index.id, "document": document, "keep": keep}
        async with transaction() as session:
            await session.execute(text(statements.DELETE), parameters)

    async def dense(self, index: Index, vector: NDArray[np.float32], where: Where, limit: int) -> list[Found]:
        """Return the nearest chunks.

        Where a filter leaves the index too few, all that fulfil it are compared.
        """
        sql, parameters = to_sql(where)
        parameters |= {"vector": _to_text(vector), "many": limit, "most": limit}
        found = await _rows(statements.by_vector(index.id, index.dimension, sql), parameters)
        if len(found) < limit and sql:
            exact = statements.by_vector(index.id, index.dimension, sql, exactly=True)
            found = await _rows(exact, parameters)
        return found

    async def keyword(self, index: Index, query: str, where: Where, limit: int) -> list[Found]:
        """Return the chunks that fit the words best."""
        sql, parameters = to_sql(where)
        parameters |= {"question": keyword_text(query), "many": limit, "most": limit}
        return await _rows(statements.by_keyword(index.id, sql), parameters)

    async def hybrid(
        self,
        index: Index,
        query: str,
        vector: NDArray[np.float32],
        where: Where,
        limit: int,
        weights: Weights,
    ) -> list[Found]:
        """Return the best of both rankings, fused in one statement."""
        sql, parameters = to_sql(where)
        parameters |= {
            "question": keyword_text(query),
            "vector": _to_text(vector),
            "many": max(limit, _FUSED),
            "most": limit,
            "dense_weight": weights.dense,
            "keyword_weight": weights.keyword,
        }
        found = await _rows(statements.by_both(index.id, index.dimension, sql), parameters)
        if sql and sum("dense" in each.scores for each in found) < limit:
            exact = statements.by_both(index.id, index.dimension, sql, exactly=True)
            found = await _rows(exact, parameters)
        return found

    async def neighbours(self, index: Index, of: Sequence[Found], reach: int) -> list[Found]:
        """Return chunks with those around them."""
        return await _rows(statements.around(index.id), {**_keys(of), "reach": reach})

    async def vectors(self, index: Index, of: Sequence[Found]) -> NDArray[np.float32]:
        """Return the vectors of chunks."""
        async with transaction() as session:
            rows = await session.scalars(text(statements.vectors(index.id)), _keys(of))
            return np.array([json.loads(row) for row in rows], np.float32).reshape(-1, index.dimension)

    async def count(self, index: Index) -> int:
        """Return how many chunks there are."""
        statement = "SELECT coalesce(sum(chunks), 0) FROM rag_totals WHERE index_id = :id"
        async with transaction() as session:
            return int(await session.scalar(text(statement), {"id": index.id}) or 0)

    async def health(self) -> str:
        """Return the version of pgvector."""
        statement = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
        async with transaction() as session:
            return f"pgvector {await session.scalar(text(statement))}"


async def _rows(statement: str, parameters: dict[str, Any]) -> list[Found]:
    async with transaction() as session:
        await session.execute(
            text(
                "SELECT set_config('hnsw.ef_search', :ef, true), "
                "set_config('hnsw.iterative_scan', 'relaxed_order', true), "
                "set_config('hnsw.max_scan_tuples', :tuples, true)"
            ),
            {"ef": str(_EF_SEARCH), "tuples": str(_SCAN_TUPLES)},
        )
        return [_found(row) for row in (await session.execute(text(statement), parameters)).mappings()]


def _found(values: RowMapping) -> Found:
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


def _keys(of: Sequence[Found]) -> dict[str, Any]:
    return {
        "documents": [each.document for each in of],
        "versions": [each.version for each in of],
        "positions": [each.chunk.position for each in of],
    }


def _to_text(vector: NDArray[np.float32]) -> str:
    return f"[{','.join(map(repr, vector.tolist()))}]"
