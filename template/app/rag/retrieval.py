"""Search: the best chunks for a question, of documents that the reader may read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.core.spans import span
from app.llm.embeddings import embed
from app.rag import index_repository
from app.rag.indexes import get_store, index_to_search
from app.rag.models import RagDocument
from app.rag.profiles import Profile
from app.rag.settings import RagSettings
from app.rag.store import Condition, Found, Index, Where
from app.rag.strategies.fusion import fuse
from app.rag.strategies.questions import expand, imagine, understand
from app.rag.strategies.relevance import with_relevance
from app.rag.strategies.reranking import by_model, by_service, diverse

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
    found: Found | None = field(default=None, repr=False, compare=False)
    """As the store knows it."""


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
    chosen = RagSettings.load().find_profile(profile)
    index = await index_to_search()
    if index is None or readers == () or not query.strip():
        return []
    with span("retrieval", profile=profile or RagSettings.load().profile) as piece:
        piece.say(query=query)
        owners = None if readers is None else tuple(readers)
        asked = Asked(query, chosen, Where(owners, tuple(conditions)), limit)
        found = await find_in(index, asked)
        hits = await with_documents(index, found, readers)
        shown = await _with_neighbours(index, hits[:limit], asked, readers)
        piece.set(hits=len(shown))
        piece.say(documents=[{"source": hit.source, "page": hit.page, "score": hit.score} for hit in shown])
        return shown


@dataclass(frozen=True)
class Asked:
    """A search."""

    query: str
    profile: Profile
    where: Where
    limit: int

    @property
    def candidates(self) -> int:
        """How many passages are looked at before the best are chosen."""
        many = 2 * self.limit  # while a document is replaced, both versions are in the store
        return many if self.profile.rerank == "none" else max(many, self.profile.candidates)


async def find_in(index: Index, asked: Asked) -> list[Found]:
    """Return what is found in an index, the best first, whether or not the catalogue confirms it."""
    return await _ordered(index, asked, await _candidates(index, asked))


async def _candidates(index: Index, asked: Asked) -> list[Found]:
    """Return what the rankings of the question, and of what a model makes of it, have found."""
    profile, query, where = asked.profile, asked.query, asked.where
    if profile.self_query:
        query, conditions = await understand(query)
        where = replace(where, conditions=(*where.conditions, *conditions))
    others = await expand(query, profile.expand) if profile.expand else []
    imagined = await imagine(query) if profile.hyde and profile.mode != "keyword" else None
    rankings = [await _find(index, asked, query, where, imagined)]
    for number, other in enumerate(others, 1):
        ranking = await _find(index, asked, other, where, None)
        rankings.append([replace(each, found_by=(f"expansion {number}",)) for each in ranking])
    return rankings[0] if len(rankings) == 1 else fuse(rankings)


async def _find(index: Index, asked: Asked, query: str, where: Where, imagined: str | None) -> list[Found]:
    store, profile, many = get_store(), asked.profile, asked.candidates
    if profile.mode == "keyword":
        found = await store.keyword(index, query, where, many)
    else:
        vector = await vector_of(index, imagined or query)
        if profile.mode == "dense":
            found = await store.dense(index, vector, where, many)
        else:
            weights = profile.weights(index.embedder)
            found = await store.hybrid(index, query, vector, where, many, weights)
    return [replace(each, found_by=tuple(each.scores)) for each in found]


async def vector_of(index: Index, query: str) -> "NDArray[np.float32]":
    """Return the vector of a question."""
    found = await embed([query], embedder=index.embedder, kind="query")
    vector: NDArray[np.float32] = found.vectors[0]
    return vector


async def _ordered(index: Index, asked: Asked, found: list[Found]) -> list[Found]:
    """Return the candidates that are relevant enough, in the order of the profile."""
    profile, store = asked.profile, get_store()
    if profile.min_relevance and found:
        vectors = await store.vectors(index, found)
        found = with_relevance(asked.query, found, vectors, await vector_of(index, asked.query))
        found = [each for each in found if each.scores["relevance"] >= profile.min_relevance]
    match profile.rerank:
        case "service":
            return await by_service(asked.query, found)
        case "model" if found:
            return await by_model(asked.query, found)
        case "diverse":
            return diverse(found, await store.vectors(index, found), 2 * asked.limit)
    return found


async def _with_neighbours(
    index: Index, hits: list[Hit], asked: Asked, readers: Collection[str] | None
) -> list[Hit]:
    """Return each hit followed by the passages around it that are not there yet."""
    reach = asked.profile.neighbours
    if not reach or not hits:
        return hits
    around = await get_store().neighbours(index, [hit.found for hit in hits if hit.found], reach)
    confirmed = await with_documents(index, around, readers)
    known = {(hit.document, hit.position) for hit in hits}
    extended: list[Hit] = []
    for hit in hits:
        extended.append(hit)
        for near in confirmed:
            place = (near.document, near.position)
            if (
                place not in known
                and near.document == hit.document
                and abs(near.position - hit.position) <= reach
            ):
                known.add(place)
                extended.append(replace(near, found_by=("neighbour",)))
    return extended


async def with_documents(index: Index, found: Sequence[Found], readers: Collection[str] | None) -> list[Hit]:
    """Return what the catalogue confirms: the version that is current, of a document that may be read."""
    documents = await index_repository.searchable(index, {each.document for each in found})
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
        found_by=found.found_by,
        fields=document.fields,
        found=found,
    )
