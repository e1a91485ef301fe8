"""The vector store in Weaviate."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.rag import Chunk, Found, Index, Origin, StoreUnavailable, Weights, Where, search_both
from app.rag.stemming import stemmed, stemmed_question
from app.rag.weaviate import conditions, properties
from app.rag.weaviate.client import connected
from app.rag.weaviate.settings import WeaviateSettings

if TYPE_CHECKING:
    from weaviate.collections import CollectionAsync

_AT_LEAST = 60
"""So many are asked for: of chunks that fit equally well, the order is then ours."""
_MOST = 10_000
"""Weaviate gives no more objects for one question."""


class WeaviateStore:
    """A collection for each index."""

    def __init__(self) -> None:
        self._ready: dict[str, set[str]] = {}
        """Collections that are known to be there, with their properties."""

    async def create(self, index: Index) -> None:
        """Make the collection, if it is not there."""
        async with self._collection(index):
            pass

    async def drop(self, index: Index) -> None:
        """Delete the collection."""
        self._ready.pop(_name(index), None)
        async with connected() as client:
            await client.collections.delete(_name(index))

    async def write(
        self, index: Index, origin: Origin, chunks: Sequence[Chunk], vectors: NDArray[np.float32]
    ) -> None:
        """Add chunks with their vectors and stemmed words. What is there already is written over, alike."""
        from weaviate.classes.data import DataObject

        words = await stemmed([chunk.searched for chunk in chunks], origin.language)
        objects: list[DataObject[dict[str, Any], None]] = [
            DataObject(
                uuid=properties.to_uuid(origin.document, origin.version, chunk.position),
                properties=properties.to_properties(origin, chunk, lexemes),
                vector=vector.tolist(),
            )
            for chunk, vector, lexemes in zip(chunks, vectors, words, strict=True)
        ]
        async with self._collection(index) as collection:
            done = await collection.data.insert_many(objects)
        if done.has_errors:
            first = next(iter(done.errors.values()))
            raise StoreUnavailable(
                f"Weaviate has not taken {len(done.errors)} chunks: {first.message[:300]}",
                hint="See what it logs.",
            )

    async def delete(self, index: Index, document: UUID, *, keep: int | None = None) -> None:
        """Delete a document's chunks, but for those of one version."""
        async with self._collection(index) as collection:
            while True:  # a request deletes no more than `_MOST`
                done = await collection.data.delete_many(where=conditions.of_document(document, keep))
                if done.matches < _MOST:
                    return

    async def dense(self, index: Index, vector: NDArray[np.float32], where: Where, limit: int) -> list[Found]:
        """Return the nearest chunks."""
        from weaviate.classes.query import MetadataQuery

        async with self._collection(index) as collection:
            answer = await collection.query.near_vector(
                near_vector=vector.tolist(),
                limit=max(limit, _AT_LEAST),
                filters=conditions.to_filter(where),
                return_metadata=MetadataQuery(distance=True),
                return_properties=properties.CHUNK,
            )
        found = [
            properties.to_found(each.properties, dense=1 - (each.metadata.distance or 0.0))
            for each in answer.objects
        ]
        return _ordered(found, limit)

    async def keyword(self, index: Index, query: str, where: Where, limit: int) -> list[Found]:
        """Return the chunks that fit the words best."""
        from weaviate.classes.query import BM25Operator, MetadataQuery

        question = await stemmed_question(query)
        if not question:
            return []
        async with self._collection(index) as collection:
            answer = await collection.query.bm25(
                query=question,
                query_properties=["words"],
                operator=BM25Operator.or_(minimum_match=1),
                limit=max(limit, _AT_LEAST),
                filters=conditions.to_filter(where),
                return_metadata=MetadataQuery(score=True),
                return_properties=properties.CHUNK,
            )
        found = [
            properties.to_found(each.properties, keyword=each.metadata.score or 0.0)
            for each in answer.objects
        ]
        return _ordered(found, limit)

    async def hybrid(
        self,
        index: Index,
        query: str,
        vector: NDArray[np.float32],
        where: Where,
        limit: int,
        weights: Weights,
    ) -> list[Found]:
        """Return the best of both rankings. Fused here: Weaviate's own fusion hides the two scores."""
        return await search_both(self, index, query, vector, where, limit, weights)

    async def neighbours(self, index: Index, of: Sequence[Found], reach: int) -> list[Found]:
        """Return chunks with those around them."""
        from weaviate.classes.query import Filter

        if not of:
            return []
        async with self._collection(index) as collection:
            answer = await collection.query.fetch_objects(
                filters=Filter.any_of([conditions.around(*each.key, reach) for each in of]),
                limit=_MOST,
                return_properties=properties.CHUNK,
            )
        return sorted(
            (properties.to_found(each.properties) for each in answer.objects), key=lambda each: each.key
        )

    async def vectors(self, index: Index, of: Sequence[Found]) -> NDArray[np.float32]:
        """Return the vectors of chunks."""
        wanted = [properties.to_uuid(*each.key) for each in of]
        if not wanted:
            return np.empty((0, index.dimension), np.float32)
        async with self._collection(index) as collection:
            answer = await collection.query.fetch_objects_by_ids(
                wanted, limit=len(wanted), include_vector=True, return_properties=[]
            )
        known = {each.uuid: each.vector["default"] for each in answer.objects}
        return np.array([known[uuid] for uuid in wanted], np.float32)

    async def count(self, index: Index) -> int:
        """Return how many chunks there are."""
        async with self._collection(index) as collection:
            return (await collection.aggregate.over_all(total_count=True)).total_count or 0

    async def health(self) -> str:
        """Return the version of Weaviate."""
        async with connected() as client:
            return f"Weaviate {(await client.get_meta())['version']}"

    @asynccontextmanager
    async def _collection(self, index: Index) -> "AsyncGenerator[CollectionAsync[Any, Any], None]":
        async with connected() as client:
            collection = client.collections.use(_name(index))
            if _name(index) not in self._ready:
                if not await collection.exists():
                    await _make(client, _name(index))
                found = (await collection.config.get(simple=True)).properties
                self._ready[_name(index)] = {each.name for each in found}
            for each in properties.of_fields():
                if each.name not in self._ready[_name(index)]:
                    await collection.config.add_property(each)
                    self._ready[_name(index)].add(each.name)
            yield collection


async def _make(client: Any, name: str) -> None:
    from weaviate.classes.config import Configure, StopwordsPreset, VectorDistances
    from weaviate.exceptions import UnexpectedStatusCodeError

    try:
        await client.collections.create(
            name,
            properties=properties.of_chunks(),
            inverted_index_config=Configure.inverted_index(
                bm25_b=0.75, bm25_k1=1.2, index_null_state=True, stopwords_preset=StopwordsPreset.NONE
            ),
            vector_config=Configure.Vectors.self_provided(
                vector_index_config=Configure.VectorIndex.hnsw(
                    distance_metric=VectorDistances.COSINE, ef_construction=200, max_connections=32, ef=200
                )
            ),
        )
    except UnexpectedStatusCodeError:
        if not await client.collections.exists(name):  # another process has made it meanwhile: fine
            raise


def _ordered(found: list[Found], limit: int) -> list[Found]:
    return sorted(found, key=lambda each: (-each.score, each.key))[:limit]


def _name(index: Index) -> str:
    return f"{WeaviateSettings.load().collection}_{index.id}"
