"""Embed texts: in batches, each tried again after an outage."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import numpy as np
import structlog
from numpy.typing import NDArray

from app.core.backoff import backoff
from app.core.spans import span
from app.core.threads import run_in_thread
from app.llm import LLMError, LLMSettings, MeteredRequest, ModelUnavailable, Taken, meter_request
from app.llm.embeddings.local import LOCAL, embed_locally, of_length_1
from app.llm.embeddings.providers import EMBEDDING_PROVIDERS, build_embedder, check_embedder
from app.llm.errors import BrokenAnswer, ModelTimedOut, translate

if TYPE_CHECKING:
    from pydantic_ai.embeddings import EmbeddingResult

log = structlog.get_logger(__name__)

Kind = Literal["query", "document"]
"""Some models embed a question in another way than the text that answers it."""

BATCH = 96
"""Texts in one request: what every provider takes."""
_AT_ONCE = 4
_LONGEST_WAIT = 30.0


@dataclass(frozen=True)
class Embedded:
    """Texts as vectors."""

    vectors: NDArray[np.float32]
    """One row a text, each of length 1: their product is the cosine."""
    embedder: str
    tokens: int
    cost: Decimal | None
    """US dollars; None if the price of the model is not known."""


def default_embedder() -> str:
    """Return the first provider's that has what it needs, or else `local:wordllama`."""
    usable = (p for p in EMBEDDING_PROVIDERS.values() if p.is_installed() and p.value())
    provider = next(usable, None)
    return f"{provider.name}:{provider.default_model}" if provider else LOCAL


async def embed(texts: Sequence[str], *, embedder: str | None = None, kind: Kind = "document") -> Embedded:
    """Return a vector for each text. Raises a subclass of `LLMError`."""
    embedder = embedder or default_embedder()
    check_embedder(embedder)
    with span("embedding", model=embedder, texts=len(texts)) as piece:
        found = await _embed(texts, embedder, kind)
        piece.set(input_tokens=found.tokens, cost=found.cost)
        return found


async def _embed(texts: Sequence[str], embedder: str, kind: Kind) -> Embedded:
    if embedder == LOCAL:
        vectors, tokens = await run_in_thread(embed_locally, texts)
        return Embedded(vectors, embedder, tokens, Decimal(0))
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    free = asyncio.Semaphore(_AT_ONCE)

    async def one(batch: Sequence[str]) -> "EmbeddingResult":
        async with free, meter_request(_request(embedder, batch)) as request:
            result = await _patiently(embedder, batch, kind)
            request.taken = Taken(result.usage.input_tokens, 0, _cost([result]))
            return result

    tasks = [asyncio.create_task(one(batch)) for batch in batches]
    try:
        results = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    return _joined(embedder, results, len(texts))


def _request(embedder: str, texts: Sequence[str]) -> MeteredRequest:
    return MeteredRequest(embedder, lambda: sum(len(text.encode()) for text in texts), max_output_tokens=0)


async def _patiently(embedder: str, texts: Sequence[str], kind: Kind) -> "EmbeddingResult":
    """Ask; after an outage again, up to `LLM_RETRIES` times, waiting longer each time."""
    retries = LLMSettings.load().retries
    for attempt in range(retries + 1):
        try:
            return await _ask(embedder, texts, kind)
        except ModelUnavailable as error:
            wait = error.retry_after or backoff(attempt + 1, first=0.5, longest=_LONGEST_WAIT)
            if attempt == retries or wait > _LONGEST_WAIT:
                raise
            log.warning("embedding.retry", model=embedder, attempt=attempt + 1, error=error.detail)
            await asyncio.sleep(wait)
    raise AssertionError("the last attempt returns or raises")


async def _ask(embedder: str, texts: Sequence[str], kind: Kind) -> "EmbeddingResult":
    seconds = LLMSettings.load().timeout
    try:
        async with asyncio.timeout(seconds):
            return await build_embedder(embedder).embed(list(texts), input_type=kind)
    except TimeoutError:
        raise ModelTimedOut(
            f"{embedder} did not answer within {seconds:g} seconds.", hint="Try again, or raise LLM_TIMEOUT."
        ) from None
    except LLMError:
        raise
    except Exception as error:  # whatever an SDK raises: what leaves here is an LLMError
        raise translate(error, embedder) from error


def _joined(embedder: str, results: Sequence["EmbeddingResult"], texts: int) -> Embedded:
    rows = [row for result in results for row in result.embeddings]
    if len(rows) != texts or len({len(row) for row in rows}) > 1:
        raise BrokenAnswer(f"{embedder} has sent {len(rows)} vectors for {texts} texts, or unequal ones.")
    vectors = np.array(rows, np.float32).reshape(len(rows), -1)
    if not np.isfinite(vectors).all():
        raise BrokenAnswer(f"{embedder} has sent a vector that is not of numbers.")
    tokens = sum(result.usage.input_tokens for result in results)
    return Embedded(of_length_1(vectors), embedder, tokens, _cost(results))


def _cost(results: Sequence["EmbeddingResult"]) -> Decimal | None:
    try:
        return sum((result.cost().total_price for result in results), Decimal(0))
    except LookupError:
        return None
