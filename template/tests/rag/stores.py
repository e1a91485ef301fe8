"""What the tests of the stores put in: chunks with vectors that are chosen, not embedded."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.rag import Chunk, Index, Origin, VectorStore
from app.rag.store import Value

DIMENSION = 8
INDEX = Index(1_000_000, "local:test", DIMENSION)
FIRST, SECOND = UUID(int=1), UUID(int=2)


def direction(*numbers: float) -> NDArray[np.float32]:
    """Return a vector of length 1 that begins with these numbers."""
    vector: NDArray[np.float32] = np.zeros(DIMENSION, np.float32)
    vector[: len(numbers)] = numbers
    vector /= np.float32(np.linalg.norm(vector))
    return vector


async def fill(
    store: VectorStore,
    texts: Mapping[str, NDArray[np.float32]],
    *,
    document: UUID = FIRST,
    version: int = 1,
    owner: str = "everyone",
    source: str = "a.md",
    format: str = "markdown",  # noqa: A002 - the name of the field
    language: str = "english",
    fields: Mapping[str, Value] | None = None,
    pages: Sequence[int | None] = (),
    index: Index = INDEX,
) -> None:
    """Write chunks of one document."""
    await store.create(index)
    chunks = [
        Chunk(position, text, pages[position] if pages else None) for position, text in enumerate(texts)
    ]
    origin = Origin(document, version, owner, source, format, language, fields or {})
    await store.write(index, origin, chunks, np.array(list(texts.values())))
