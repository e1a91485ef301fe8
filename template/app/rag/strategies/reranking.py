"""Candidates in another order: by a server, by a model, or so that they differ. What fails keeps the
order."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from httpx2 import AsyncClient, HTTPError
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from app.core.errors import ConfigurationError
from app.llm import LLMError, as_data, extract, load_prompt
from app.rag.settings import RagSettings
from app.rag.store import Found

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = structlog.get_logger(__name__)

_SHOWN = 1500
"""Characters of a passage that a model is shown."""
_RELEVANCE = 0.7
"""How much relevance counts against difference in MMR."""


class _Scored(BaseModel):
    index: int = Field(ge=0)
    relevance_score: float


class _Results(BaseModel):
    results: list[_Scored]


class Order(BaseModel):
    """Passages by how well they answer."""

    numbers: list[int] = Field(max_length=500, description="Of the passages, the best first.")


_results = TypeAdapter(_Results)


async def by_service(question: str, found: Sequence[Found]) -> list[Found]:
    """Ask a server that speaks the format of Cohere, Jina, Voyage, vLLM and TEI: POST `/rerank`."""
    settings = RagSettings.load()
    if settings.rerank_url is None:
        raise ConfigurationError("This profile needs RAG_RERANK_URL.", hint="Set it, or use another profile.")
    key = settings.rerank_api_key
    body = {
        "model": settings.rerank_model,
        "query": question,
        "documents": [each.chunk.searched for each in found],
        "top_n": len(found),
    }
    try:
        async with AsyncClient(timeout=settings.rerank_timeout) as client:
            headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
            answer = (await client.post(settings.rerank_url, json=body, headers=headers)).raise_for_status()
        scored = _results.validate_json(answer.content).results
    except (HTTPError, ValidationError, OSError) as error:
        log.warning("retrieval.not_reranked", reason=type(error).__name__)
        return list(found)
    scores = {each.index: each.relevance_score for each in scored if each.index < len(found)}
    best = sorted(scores, key=lambda index: (-scores[index], found[index].key))
    return _reordered(found, best, scores)


async def by_model(question: str, found: Sequence[Found]) -> list[Found]:
    """Let a model put the passages into order; it sees their beginnings."""
    passages = "\n\n".join(
        as_data("passage", f"[{number}] {each.chunk.searched[:_SHOWN]}")
        for number, each in enumerate(found, 1)
    )
    prompt = f"{passages}\n\n{as_data('question', question)}"
    try:
        order = (await extract(prompt, Order, instructions=load_prompt("rag.rerank").render())).output
    except LLMError as error:
        log.warning("retrieval.not_reranked", reason=error.detail)
        return list(found)
    best = [number - 1 for number in dict.fromkeys(order.numbers) if 1 <= number <= len(found)]
    return _reordered(found, best, {index: 1 / (1 + place) for place, index in enumerate(best)})


def _reordered(found: Sequence[Found], best: Sequence[int], scores: dict[int, float]) -> list[Found]:
    """Return hits in a new order; those that were forgotten come last, as they were."""
    first = [
        replace(
            found[index],
            score=scores[index],
            scores={**found[index].scores, "rerank": scores[index]},
            found_by=(*found[index].found_by, "rerank"),
        )
        for index in best
    ]
    chosen = set(best)
    return [*first, *(each for index, each in enumerate(found) if index not in chosen)]


def diverse(found: Sequence[Found], vectors: "NDArray[np.float32]", many: int) -> list[Found]:
    """Return hits that fit and differ (MMR, Carbonell and Goldstein 1998): near-duplicates come last."""
    if not found:
        return []
    top = max(each.score for each in found) or 1.0
    fits = [each.score / top for each in found]
    alike = vectors @ vectors.T
    chosen: list[int] = []
    left = list(range(len(found)))
    while left and len(chosen) < many:
        worth = {
            index: _RELEVANCE * fits[index]
            - (1 - _RELEVANCE) * max((float(alike[index, other]) for other in chosen), default=0.0)
            for index in left
        }
        best = max(left, key=lambda index: (worth[index], -index))
        chosen.append(best)
        left.remove(best)
    return [found[index] for index in (*chosen, *left)]
