"""From a file to what can be found, in steps that each leave something behind:

    parse → chunk → embed, part by part → write → enter

An interruption loses no more than the part that was worked on. Every step may be done again, and by several
at the same time: what is there already stays as it is.
"""

import hashlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import structlog

from app.core.errors import AppError, FieldError, InvalidInput
from app.core.spans import span
from app.core.text import storable
from app.core.threads import run_in_thread
from app.llm.embeddings import embed
from app.parsing import Parsed, Section
from app.parsing.errors import DocumentError
from app.rag import index_repository, part_repository, repository
from app.rag.chunking import chunk
from app.rag.contexts import contextualise
from app.rag.errors import FileTooLarge, IndexMismatch, RagDocumentNotFound
from app.rag.filters import check_fields
from app.rag.indexes import get_store, index_to_build, index_to_write, retire
from app.rag.languages import language_of
from app.rag.models import EVERYONE, RagDocument, State
from app.rag.part_repository import PartKey
from app.rag.reading import read_file
from app.rag.repository import NewDocument
from app.rag.settings import RagSettings
from app.rag.store import Chunk, Index, Origin

log = structlog.get_logger(__name__)

_NOTHING: Decimal | None = Decimal(0)
_LONGEST_SOURCE = 1000
Progress = Callable[[int, int], None]
"""Is told how many parts of a document are embedded, and how many there are."""


def no_progress(_done: int, _parts: int) -> None:
    """Show nothing."""


async def add_document(
    file: bytes, source: str, *, owner: str = EVERYONE, fields: Mapping[str, Any] | None = None
) -> tuple[RagDocument, bool]:
    """Keep a file that is to be indexed. Returns its document, and whether there is anything to do.

    The same file of the same source changes nothing; another one replaces it. Raises `FileTooLarge`,
    `InvalidInput` or `UnknownField`.
    """
    limit = RagSettings.load().max_file_bytes
    if len(file) > limit:
        raise FileTooLarge(
            f"{source[:200]} has more than {limit} bytes.", hint="Split it, or raise RAG_MAX_FILE_BYTES."
        )
    if not source.strip() or len(source) > _LONGEST_SOURCE or not source.isprintable():
        raise InvalidInput(
            "The name of the document is wrong.",
            fields=[FieldError("source", f"1 to {_LONGEST_SOURCE} printable characters")],
        )
    storable(source)
    digest = hashlib.sha256(file).hexdigest()
    return await repository.put_document(NewDocument(owner, source, digest, file, check_fields(fields or {})))


async def ingest(document_id: UUID, progress: Progress = no_progress) -> State:
    """Do all that is left to do until a document can be found. Returns its state.

    Raises what went wrong, which is kept with the document too.
    """
    document = await existing(document_id)
    with span("ingest") as piece:
        piece.say(source=document.source)
        async with keeping_errors(document):
            await read(document)
            index = await index_to_write()
            numbers = await cut(index, document)
            await embed_parts(index, document, numbers, progress)
            return await finish(index, document)


@asynccontextmanager
async def keeping_errors(document: RagDocument) -> AsyncGenerator[None, None]:
    """Keep with a document why it failed."""
    try:
        yield
    except AppError as error:
        log.warning("document.failed", source=document.source, error=error.detail)
        problem = {"code": error.code, "detail": error.detail, "hint": error.hint}
        await repository.set_state(document.id, document.version, State.failed, error=problem)
        raise


async def existing(document_id: UUID) -> RagDocument:
    """Return a document. Raises `RagDocumentNotFound`."""
    document = await repository.find_document(document_id)
    if document is None or document.state == State.deleting:
        raise RagDocumentNotFound(f"There is no document {document_id}.")
    return document


async def read(document: RagDocument) -> None:
    """Parse the file, and keep its text in its place. Raises a subclass of `DocumentError`."""
    content = await repository.content_of(document.id)
    if content is None or content.file is None:
        return
    await repository.set_state(document.id, document.version, State.parsing, error=None)
    parsed = await read_file(content.file, document.source)
    await repository.keep_text(
        document.id,
        content.version,
        {"sections": [[s.text, s.page, s.headings, s.kind] for s in parsed.sections]},
        format=parsed.format,
        pages=parsed.pages,
        language=language_of(_sample(parsed)),
    )


def _sample(parsed: Parsed) -> str:
    return " ".join(section.text[:2000] for section in parsed.sections[:20])


async def cut(index: Index, document: RagDocument) -> dict[int, bool]:
    """Cut the text into chunks, kept in parts.

    Returns the number of each part, and whether it is embedded.
    """
    await repository.set_state(document.id, document.version, State.embedding, error=None)
    if numbers := await part_repository.part_numbers(index, document.id, document.version):
        return numbers
    content = await repository.content_of(document.id)
    if content is None or content.sections is None or content.version != document.version:
        return {}
    settings = RagSettings.load()
    sections = [
        Section(text, page, tuple(headings), kind)
        for text, page, headings, kind in content.sections["sections"]
    ]
    chunks = await run_in_thread(chunk, sections, settings)
    size = settings.part_chunks
    parts = [to_json(chunks[start : start + size]) for start in range(0, len(chunks), size)]
    await part_repository.add_parts(index, document.id, document.version, parts)
    return dict.fromkeys(range(len(parts)), False)


async def embed_parts(
    index: Index, document: RagDocument, numbers: Mapping[int, bool], progress: Progress = no_progress
) -> None:
    """Embed the parts that are not yet. Raises a subclass of `LLMError`, or `IndexMismatch`."""
    done = sum(numbers.values())
    for number, is_done in numbers.items():
        progress(done, len(numbers))
        if not is_done:
            await _embed_part(index, PartKey(index.id, document.id, document.version, number))
            done += 1
    progress(done, len(numbers))


async def _embed_part(index: Index, key: PartKey) -> None:
    part = await part_repository.get_part(key)
    if part is None or part.vectors is not None:
        return
    chunks = from_json(part.chunks)
    tokens, cost = 0, _NOTHING
    if RagSettings.load().contexts:
        chunks, tokens, cost = await contextualise(await _text_of(key.document), chunks)
    found = await embed([chunk.searched for chunk in chunks], embedder=index.embedder)
    if found.vectors.shape[1] != index.dimension:
        raise IndexMismatch(
            f"{index.embedder} gives {found.vectors.shape[1]} numbers now; the index has {index.dimension}.",
            hint="Run `uv run app documents reindex`.",
        )
    total = None if cost is None or found.cost is None else cost + found.cost
    await part_repository.keep_vectors(
        key, to_json(chunks), found.vectors.tobytes(), tokens + found.tokens, total
    )


async def _text_of(document_id: UUID) -> str:
    content = await repository.content_of(document_id)
    sections = content.sections["sections"] if content and content.sections else []
    return "\n\n".join(text for text, *_ in sections)


async def finish(index: Index, document: RagDocument) -> State:
    """Write the chunks into the store, if all are embedded, and let them be found instead of the old ones."""
    numbers = await part_repository.part_numbers(index, document.id, document.version)
    if not all(numbers.values()):
        return State.embedding
    count = await _write(index, document, numbers)
    if await part_repository.enter(index, document.id, document.version, count):
        if document.version > 1:
            await get_store().delete(index, document.id, keep=document.version)
        return State.indexed
    newest = await repository.find_document(document.id)
    await get_store().delete(index, document.id, keep=newest.version if newest else None)
    return State(newest.state) if newest else State.deleting


async def _write(index: Index, document: RagDocument, numbers: Mapping[int, bool]) -> int:
    fresh = await existing(document.id)
    origin = Origin(
        document=document.id,
        version=document.version,
        owner=document.owner,
        source=document.source,
        format=fresh.format,
        language=fresh.language,
        fields=document.fields,
    )
    count = 0
    for number in numbers:
        part = await part_repository.get_part(PartKey(index.id, document.id, document.version, number))
        if part is None or part.vectors is None:  # another one has finished meanwhile
            continue
        chunks = from_json(part.chunks)
        vectors = np.frombuffer(part.vectors, np.float32).reshape(len(chunks), -1)
        await get_store().write(index, origin, chunks, vectors)
        count += len(chunks)
    return count


async def remove_document(document_id: UUID) -> None:
    """Delete a document and all that was made of it. It is not found from the first moment on."""
    if not await repository.begin_removal(document_id):
        raise RagDocumentNotFound(f"There is no document {document_id}.")
    for index in await index_repository.all_indexes():
        await get_store().delete(index, document_id)
    await repository.end_removal(document_id)


async def resume() -> int:
    """Go on with what an interruption has left. Returns how many documents there were.

    Why one of them fails is kept with it.
    """
    waiting = await repository.unfinished()
    for document_id in waiting:
        document = await repository.find_document(document_id)
        with suppress(DocumentError, RagDocumentNotFound):
            if document and document.state == State.deleting:
                await remove_document(document_id)
            elif document:
                await ingest(document_id)
    return len(waiting)


async def reindex(progress: Progress = no_progress) -> Index:
    """Build a new index beside the current one, as the settings say; switch to it at the end.

    Documents can be found all the time. One that was interrupted goes on. Returns the new index.
    """
    index = await index_to_build()
    done = 0
    while waiting := await index_repository.lacking(index):
        for document_id in waiting:
            progress(done, done + len(waiting))
            await _into(index, document_id)
            done += 1
    old = await index_repository.current_index()
    await index_repository.switch_to(index)
    for document_id in await index_repository.lacking(index):  # what was added in the last moment
        await _into(index, document_id)
    if old:
        await retire(old)
    progress(done, done)
    return index


async def _into(index: Index, document_id: UUID) -> None:
    document = await repository.find_document(document_id)
    if document:
        await embed_parts(index, document, await cut(index, document))
        await finish(index, document)


def to_json(chunks: Sequence[Chunk]) -> dict[str, Any]:
    """Return chunks as a part keeps them."""
    return {"chunks": [[c.position, c.text, c.page, c.headings, c.kind, c.context] for c in chunks]}


def from_json(kept: Mapping[str, Any]) -> list[Chunk]:
    """Return the chunks of a part."""
    return [
        Chunk(position, text, page, tuple(headings), kind, context)
        for position, text, page, headings, kind, context in kept["chunks"]
    ]
