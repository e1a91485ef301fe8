"""The vector store with Chroma: vectors there, chunks and words in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.db import transaction
from app.rag import Chunk, Found, Index, Origin, Weights, Where, search_both
from app.rag.chroma import client
from app.rag.chroma.conditions import all_of, to_metadata, to_where
from app.rag.chroma.settings import ChromaSettings
from app.rag.keywords import KeywordIndex

_HNSW = {"hnsw": {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}}
_BATCH = 1000
"""Records in one request."""
_AT_LEAST = 60
"""So many are asked for: of chunks that are equally near, the order is then ours."""


class ChromaStore:
    """A collection for each index; what has no record in PostgreSQL is not found."""

    def __init__(self) -> None:
        self._keywords = KeywordIndex()
        self._ids: dict[str, str] = {}
        """Of the collections, by name."""

    async def create(self, index: Index) -> None:
        """Make the collection and the keyword index, if they are not there."""
        await self._collection(index)
        async with transaction() as session:
            await self._keywords.create(session, index)

    async def drop(self, index: Index) -> None:
        """Delete the collection, and what PostgreSQL has of it."""
        self._ids.pop(_name(index), None)
        await client.drop_collection(_name(index))
        async with transaction() as session:
            await self._keywords.drop(session, index)

    async def write(
        self, index: Index, origin: Origin, chunks: Sequence[Chunk], vectors: NDArray[np.float32]
    ) -> None:
        """Add vectors, then chunks and words. `add` leaves alone what is there already."""
        collection, metadata = await self._collection(index), to_metadata(origin)
        for start in range(0, len(chunks), _BATCH):
            part = chunks[start : start + _BATCH]
            body = {
                "ids": [_id(origin.document, origin.version, chunk.position) for chunk in part],
                "embeddings": vectors[start : start + _BATCH].tolist(),
                "metadatas": [_of_chunk(chunk) | metadata for chunk in part],
            }
            await client.call(collection, "add", body)
        async with transaction() as session:
            await self._keywords.write(session, index, origin, chunks)

    async def delete(self, index: Index, document: UUID, *, keep: int | None = None) -> None:
        """Delete a document's chunks, but for those of one version: first those that are shown."""
        parts: list[dict[str, Any]] = [{"document": {"$eq": str(document)}}]
        parts += [] if keep is None else [{"version": {"$ne": keep}}]
        async with transaction() as session:
            await self._keywords.delete(session, index, document, keep=keep)
        await client.call(await self._collection(index), "delete", {"where": all_of(parts)})

    async def dense(self, index: Index, vector: NDArray[np.float32], where: Where, limit: int) -> list[Found]:
        """Return the nearest chunks."""
        body: dict[str, Any] = {
            "query_embeddings": [vector.tolist()],
            "n_results": max(limit, _AT_LEAST),
            "include": ["distances"],
        }
        if wanted := to_where(where):
            body["where"] = wanted
        answer = await client.call(await self._collection(index), "query", body)
        cosines = {
            _key(id_): 1 - distance
            for id_, distance in zip(answer["ids"][0], answer["distances"][0], strict=True)
        }
        found = [
            replace(each, score=cosines[each.key], scores={"dense": cosines[each.key]})
            for each in await self._keywords.fetch(index, list(cosines))
        ]
        return sorted(found, key=lambda each: (-each.score, each.key))[:limit]

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
        """Return the best of both rankings, fused."""
        return await search_both(self, index, query, vector, where, limit, weights)

    async def neighbours(self, index: Index, of: Sequence[Found], reach: int) -> list[Found]:
        """Return chunks with those around them."""
        return await self._keywords.neighbours(index, of, reach)

    async def vectors(self, index: Index, of: Sequence[Found]) -> NDArray[np.float32]:
        """Return the vectors of chunks."""
        if not of:
            return np.empty((0, index.dimension), np.float32)
        wanted = [_id(*each.key) for each in of]
        body = {"ids": list(dict.fromkeys(wanted)), "include": ["embeddings"]}
        answer = await client.call(await self._collection(index), "get", body)
        known = dict(zip(answer["ids"], answer["embeddings"], strict=True))
        return np.array([known[id_] for id_ in wanted], np.float32)

    async def count(self, index: Index) -> int:
        """Return how many chunks there are."""
        return await self._keywords.count(index)

    async def health(self) -> str:
        """Return the version of Chroma."""
        return f"Chroma {await client.version()}"

    async def _collection(self, index: Index) -> str:
        name = _name(index)
        if name not in self._ids:
            self._ids[name] = await client.make_collection(name, _HNSW)
        return self._ids[name]


def _name(index: Index) -> str:
    return f"{ChromaSettings.load().collection}-{index.id}"


def _id(document: UUID, version: int, position: int) -> str:
    return f"{document}:{version}:{position}"


def _key(id_: str) -> tuple[UUID, int, int]:
    document, version, position = id_.split(":")
    return UUID(document), int(version), int(position)


def _of_chunk(chunk: Chunk) -> dict[str, str | float]:
    return {"kind": chunk.kind, **({} if chunk.page is None else {"page": chunk.page})}
