"""What it would cost to index files: nothing is kept, and no model is asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from app.core.errors import AppError
from app.llm import default_model, price
from app.rag.chunking import chunk
from app.rag.contexts import estimate
from app.rag.files import Place, read_bytes, source_of
from app.rag.indexes import index_to_search, wanted_embedder
from app.rag.reading import read_file
from app.rag.settings import RagSettings
from app.rag.splitting import count_tokens


@dataclass(frozen=True)
class Estimate:
    """What indexing would take."""

    files: int
    unreadable: int
    chunks: int
    embedder: str
    embedded_tokens: int
    embedding_cost: Decimal | None
    """US dollars; None: the price is not known."""
    model: str | None
    """That writes contexts; None: none are written."""
    context_tokens: tuple[int, int]
    """In and out, if the provider caches nothing."""
    context_cost: Decimal | None


async def estimate_files(places: Iterable[Place]) -> Estimate:
    """Read files and URLs, and return what indexing them would take."""
    settings = RagSettings.load()
    files = unreadable = chunks = embedded = tokens_in = tokens_out = 0
    for place in places:
        files += 1
        try:
            parsed = await read_file(await read_bytes(place), source_of(place))
        except (AppError, OSError):
            unreadable += 1
            continue
        cut = chunk(parsed.sections, settings)
        chunks += len(cut)
        embedded += sum(count_tokens(each.searched) for each in cut)
        if settings.contexts:
            more_in, more_out = estimate(parsed.text, cut)
            tokens_in, tokens_out = tokens_in + more_in, tokens_out + more_out
    index = await index_to_search()
    embedder = index.embedder if index else wanted_embedder()
    model = default_model() if settings.contexts else None
    return Estimate(
        files=files,
        unreadable=unreadable,
        chunks=chunks,
        embedder=embedder,
        embedded_tokens=embedded,
        embedding_cost=price(embedder, embedded, 0),
        model=model,
        context_tokens=(tokens_in, tokens_out),
        context_cost=price(model, tokens_in, tokens_out) if model else Decimal(0),
    )
