"""The indexes: which one is searched, and how another takes its place."""

from functools import cache

from app.core.errors import ConfigurationError
from app.llm.embeddings import default_embedder, embed
from app.rag import index_repository
from app.rag.chunking import fingerprint
from app.rag.errors import IndexMismatch
from app.rag.extensions import STORES
from app.rag.settings import RagSettings
from app.rag.store import Index, VectorStore


@cache
def get_store() -> VectorStore:
    """Return the vector store of this project. Raises `ConfigurationError`."""
    store = STORES.first()
    if store is None:
        raise ConfigurationError("This project has no vector store.", hint="`app features` lists the parts.")
    return store()


def wanted_embedder() -> str:
    """Return the embedder for a new index."""
    return RagSettings.load().embedder or default_embedder()


async def index_to_search() -> Index | None:
    """Return the current index; None before the first document. Raises `IndexMismatch`."""
    index = await index_repository.current_index()
    if index:
        check_index(index)
    return index


def check_index(index: Index) -> None:
    """Raise `IndexMismatch` if the settings name another embedder than the index was built with."""
    wanted = RagSettings.load().embedder
    if wanted and wanted != index.embedder:
        raise IndexMismatch(
            f"The index was built with {index.embedder}, and RAG_EMBEDDER is {wanted}.",
            hint="Run `uv run app documents reindex`, or set RAG_EMBEDDER back.",
        )


async def index_to_write() -> Index:
    """Return the current index; the first time, make it. Raises `IndexMismatch`."""
    index = await index_to_search()
    if index is None:
        made = await _make(current=True)
        index = made or await index_to_search()
        assert index
    await get_store().create(index)
    return index


async def index_to_build() -> Index:
    """Return the index that is to replace the current one: one that was begun, or a new one."""
    wanted = (wanted_embedder(), fingerprint(RagSettings.load()))
    for index in (await index_repository.all_indexes())[1:]:
        if (index.embedder, index.chunking) == wanted:
            return index
        await retire(index)
    made = await _make(current=False)
    assert made
    await get_store().create(made)
    return made


async def _make(*, current: bool) -> Index | None:
    embedder = wanted_embedder()
    probe = await embed(["How many numbers has a vector?"], embedder=embedder)
    dimension = probe.vectors.shape[1]
    return await index_repository.add_index(
        embedder, dimension, fingerprint(RagSettings.load()), current=current
    )


async def retire(index: Index) -> None:
    """Delete an index that is not searched any more."""
    await get_store().drop(index)
    await index_repository.remove_index(index)


async def check_store() -> str:
    """Ask the store whether it works, and hold the index against the settings."""
    answer = await get_store().health()
    index = await index_to_search()
    if index is None:
        return f"{answer}, no document yet"
    documents, chunks, _ = await index_repository.totals()
    return f"{answer}, {documents} documents in {chunks} chunks ({index.embedder})"
