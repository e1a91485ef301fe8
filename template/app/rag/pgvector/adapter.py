"""The vector store in PostgreSQL."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, text

from app.db import transaction
from app.rag import Chunk, Found, Index, Origin, Weights, Where, keyword_text
from app.rag.keywords import KeywordIndex, keys_of, to_found, to_sql
from app.rag.pgvector import statements
from app.rag.pgvector.models import RagVector

_EF_SEARCH = 400
"""Candidates that HNSW keeps while it searches: more find more, and take longer."""
_FILTERED = 5
"""With a filter, so many times the wanted chunks are looked for: the last of a scan are found roughly."""
_SCAN_TUPLES = 100_000
"""Chunks that are looked at for a filter before the rest is searched exactly."""
_FUSED = 60
"""Of each ranking that is fused, at least so many."""


class PgVectorStore:
    """Vectors in the table `rag_vectors`, with an HNSW index of their own for each index."""

    def __init__(self) -> None:
        self._keywords = KeywordIndex()

    async def create(self, index: Index) -> None:
        """Make the two search indexes, if they are not there."""
        name = f"rag_vectors_{index.id}_{index.dimension}"
        async with transaction() as session:
            found = await session.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name})
            if found:
                return
            await self._keywords.create(session, index)
            await session.execute(
                text(
                    f"CREATE INDEX IF NOT EXISTS {name} ON rag_vectors USING hnsw "
                    f"((embedding::halfvec({index.dimension})) halfvec_cosine_ops) "
                    f"WHERE index_id = {index.id}"
                )
            )

    async def drop(self, index: Index) -> None:
        """Delete the chunks, their vectors and the search indexes."""
        async with transaction() as session:
            await self._keywords.drop(session, index)
            await session.execute(text(f"DROP INDEX IF EXISTS rag_vectors_{index.id}_{index.dimension}"))
            await session.execute(delete(RagVector).where(RagVector.index_id == index.id))

    async def write(
        self, index: Index, origin: Origin, chunks: Sequence[Chunk], vectors: NDArray[np.float32]
    ) -> None:
        """Add chunks with their vectors, and count their words."""
        parameters = {
            "index": index.id,
            "document": origin.document,
            "version": origin.version,
            "positions": [chunk.position for chunk in chunks],
            "vectors": [_to_text(vector) for vector in vectors],
        }
        async with transaction() as session:
            await self._keywords.write(session, index, origin, chunks)
            await session.execute(text(statements.WRITE), parameters)

    async def delete(self, index: Index, document: UUID, *, keep: int | None = None) -> None:
        """Delete a document's chunks, but for those of one version."""
        parameters = {"index": index.id, "document": document, "keep": keep}
        async with transaction() as session:
            await self._keywords.delete(session, index, document, keep=keep)
            await session.execute(text(statements.DELETE), parameters)

    async def dense(self, index: Index, vector: NDArray[np.float32], where: Where, limit: int) -> list[Found]:
        """Return the nearest chunks.

        Where a filter leaves the index too few, all that fulfil it are compared.
        """
        sql, parameters = to_sql(where)
        many = limit * _FILTERED if sql else limit
        parameters |= {"vector": _to_text(vector), "many": many, "most": limit}
        found = await _rows(statements.by_vector(index.id, index.dimension, sql), parameters)
        if len(found) < limit and sql:
            exact = statements.by_vector(index.id, index.dimension, sql, exactly=True)
            found = await _rows(exact, parameters)
        return found

    async def keyword(self, index: Index, query: str, where: Where, limit: int) -> list[Found]:
        """Return the chunks that fit the words best."""
        return await self._keywords.search(index, query, where, limit)

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
        return await self._keywords.neighbours(index, of, reach)

    async def vectors(self, index: Index, of: Sequence[Found]) -> NDArray[np.float32]:
        """Return the vectors of chunks."""
        async with transaction() as session:
            rows = await session.scalars(text(statements.vectors(index.id)), keys_of(of))
            return np.array([json.loads(row) for row in rows], np.float32).reshape(-1, index.dimension)

    async def count(self, index: Index) -> int:
        """Return how many chunks there are."""
        return await self._keywords.count(index)

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
        return [to_found(row) for row in (await session.execute(text(statement), parameters)).mappings()]


def _to_text(vector: NDArray[np.float32]) -> str:
    return f"[{','.join(map(repr, vector.tolist()))}]"
