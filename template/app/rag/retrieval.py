"""Search: the best chunks for a question, of documents that the reader may read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from app.core.spans import span
from app.llm.embeddings import embed
from app.rag import repository
from app.rag.indexes import get_store, index_to_search
from app.rag.models import RagDocument
from app.rag.profiles import Profile
from app.rag.settings import RagSettings
from app.rag.store import Condition, Found, Index, Weights, Where


@dataclass(frozen=True)
class Hit:
    """A passage that was found."""

    document: UUID
    source: str
    position: int
    """Of the passage in its document, from 0."""
    text: str
    page: int | None
    headings: tuple[str, ...]
    kind: str
    score: float
    scores: Mapping[str, float]
    """Of each search that has found it: `dense` is the cosine, `keyword` the BM25."""
    found_by: tuple[str, ...]
    """Which steps have brought it in."""
    fields: Mapping[str, Any] = field(default_factory=dict)


async def search(
    query: str,
    *,
    readers: Collection[str] | None,
    profile: str | None = None,
    limit: int = 8,
    conditions: Sequence[Condition] = (),
) -> list[Hit]:
    """Return the best passages, the best first, of the documents of these owners (`readers`; None: of all).

    Raises `InvalidInput` for an unknown profile, `IndexMismatch`, `StoreUnavailable` or a subclass of
    `LLMError`.
    """
    where = Where(None if readers is None else tuple(readers), tuple(conditions))
    chosen = RagSettings.load().find_profile(profile)
    index = await index_to_search()
    if index is None or readers == () or not query.strip():
        return []
    with span("retrieval", profile=profile or RagSettings.load().profile):
        # while a document is replaced, both versions are in the store
        found = await _find(index, query, chosen, where, 2 * limit)
        return (await with_documents(index, found, readers))[:limit]


async def _find(index: Index, query: str, profile: Profile, where: Where, limit: int) -> list[Found]:
    store = get_store()
    if profile.mode == "keyword":
        return await store.keyword(index, query, where, limit)
    vector = (await embed([query], embedder=index.embedder, kind="query")).vectors[0]
    if profile.mode == "dense":
        return await store.dense(index, vector, where, limit)
    weights = Weights(profile.dense_weight, profile.keyword_weight)
    return await store.hybrid(index, query, vector, where, limit, weights)


async def with_documents(index: Index, found: Sequence[Found], readers: Collection[str] | None) -> list[Hit]:
    """Return what the catalogue confirms: the version that is current, of a document that may be read."""
    documents = await repository.searchable(index, {each.document for each in found})
    return [
        _hit(each, documents[each.document][0])
        for each in found
        if each.document in documents
        and documents[each.document][1] == each.version
        and (readers is None or documents[each.document][0].owner in readers)
    ]


def _hit(found: Found, document: RagDocument) -> Hit:
    chunk = found.chunk
    return Hit(
        document=found.document,
        source=document.source,
        position=chunk.position,
        text=chunk.text,
        page=chunk.page,
        headings=chunk.headings,
        kind=chunk.kind,
        score=found.score,
        scores=found.scores,
        found_by=tuple(found.scores),
        fields=document.fields,
    )


def fuse(rankings: Sequence[tuple[float, Sequence[Found]]], constant: int = 60) -> list[Found]:
    """Fuse rankings by their ranks (RRF, Cormack et al.

    2009); each has a weight. Ties are broken by the key.
    """
    scores: dict[tuple[UUID, int, int], float] = {}
    known: dict[tuple[UUID, int, int], Found] = {}
    for weight, ranking in rankings:
        for rank, each in enumerate(ranking, 1):
            scores[each.key] = scores.get(each.key, 0.0) + weight / (constant + rank)
            before = known.get(each.key)
            known[each.key] = replace(each, scores={**(before.scores if before else {}), **each.scores})
    fused = [replace(each, score=scores[key]) for key, each in known.items()]
    return sorted(fused, key=lambda each: (-each.score, each.key))
