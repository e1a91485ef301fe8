"""The set that comes with the template: documents on SQLite, which are in the public domain, and questions.

It has an index of its own: it changes neither your documents nor how often words stand in them.
"""

import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from app.llm.embeddings import embed
from app.parsing import Limits, parse
from app.rag import index_repository
from app.rag.chunking import chunk, fingerprint
from app.rag.evaluation.datasets import Dataset, load_dataset
from app.rag.evaluation.run import Find, Passage
from app.rag.indexes import get_store, wanted_embedder
from app.rag.languages import language_of
from app.rag.retrieval import Asked, find_in
from app.rag.settings import RagSettings
from app.rag.store import Index, Origin, Where

_FOLDER = Path(__file__).parent
DOCUMENTS = _FOLDER / "sqlite.zip"


def shipped_dataset() -> Dataset:
    """Return the questions."""
    return load_dataset(_FOLDER / "sqlite.yml")


@cache
def shipped_documents() -> Mapping[str, bytes]:
    """Return the documents by name."""
    with zipfile.ZipFile(DOCUMENTS) as archive:
        return {name: archive.read(name) for name in sorted(archive.namelist())}


def sources() -> dict[UUID, str]:
    """Return the name of each document by the id under which the store knows it."""
    return {_id(name): name for name in shipped_documents()}


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"evaluation/{name}")


async def find_in_shipped(k: int) -> Find:
    """Return a function that finds `k` passages of the shipped documents."""
    index, names = await shipped_index(), sources()

    async def find(question: str, profile: str) -> list[Passage]:
        asked = Asked(question, RagSettings.load().find_profile(profile), Where(), k)
        found = await find_in(index, asked)
        return [(names[each.document], each.chunk.text) for each in found]

    return find


async def shipped_index() -> Index:
    """Return the index of the shipped documents; make it the first time, and after changed settings."""
    embedder, store = wanted_embedder(), get_store()
    chunking = f"{index_repository.EVALUATION}{shipped_dataset().digest}:{fingerprint(RagSettings.load())}"
    for index in await index_repository.evaluation_indexes():
        if (index.embedder, index.chunking) == (embedder, chunking):
            if await store.count(index):
                return index
            await _fill(index)
            return index
        await store.drop(index)
        await index_repository.remove_index(index)
    probe = await embed(["How many numbers has a vector?"], embedder=embedder)
    made = await index_repository.add_index(embedder, probe.vectors.shape[1], chunking, current=False)
    assert made
    await _fill(made)
    return made


async def _fill(index: Index) -> None:
    store, settings = get_store(), RagSettings.load()
    await store.create(index)
    for name, content in shipped_documents().items():
        parsed = await parse(content, name, Limits(10, settings.max_characters, settings.read_seconds, "RAG"))
        chunks = chunk(parsed.sections, settings)
        embedded = await embed([each.searched for each in chunks], embedder=index.embedder)
        origin = Origin(_id(name), 1, "everyone", name, parsed.format, language_of(parsed.text))
        await store.write(index, origin, chunks, embedded.vectors)
