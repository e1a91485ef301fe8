"""Documents as runs: one for each; a large one is shared by several workers."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.errors import ConfigurationError
from app.core.scope import current_scope
from app.db import new_id
from app.rag import pipeline, repository
from app.rag.errors import RagDocumentNotFound
from app.rag.extensions import STARTERS
from app.rag.indexes import index_to_write
from app.rag.models import RagDocument, State
from app.rag.settings import RagSettings
from app.rag.store import Index
from app.workflows import Steps, Workflow

INGEST = "ingest_document"
INGEST_PARTS = "ingest_parts"


class IngestDocument(BaseModel):
    """Which document is to be indexed."""

    model_config = ConfigDict(extra="forbid")

    document: UUID


class IngestParts(BaseModel):
    """Which parts of a document are to be embedded."""

    model_config = ConfigDict(extra="forbid")

    document: UUID
    version: int
    numbers: list[int] = Field(min_length=1, max_length=10_000)


class Ingested(BaseModel):
    """What became of it."""

    document: UUID
    state: State
    """`embedding`: other workers have the rest of it; `deleting`: it is not there any more."""


async def start_ingest(document_id: UUID) -> None:
    """Let workers index a document. Raises `ConfigurationError` if there are none."""
    start = STARTERS.first()
    if start is None:
        raise ConfigurationError("This project has no workers.")
    await start(INGEST, {"document": str(document_id)}, f"document {document_id} {new_id()}")


async def run_ingest_document(data: IngestDocument, _steps: Steps) -> Ingested:
    """Do what is left to do. What is done is in the catalogue: another attempt goes on from there."""
    try:
        document = await pipeline.existing(data.document)
    except RagDocumentNotFound:
        return Ingested(document=data.document, state=State.deleting)
    async with pipeline.keeping_errors(document):
        await pipeline.read(document)
        index = await index_to_write()
        numbers = await pipeline.cut(index, document)
        if await _share(document, [number for number, done in numbers.items() if not done]):
            return Ingested(document=document.id, state=State.embedding)
        await pipeline.embed_parts(index, document, numbers)
        return Ingested(document=document.id, state=await pipeline.finish(index, document))


async def _share(document: RagDocument, numbers: list[int]) -> bool:
    """Start a run for every few parts of a large document. False if it is not large, or nobody shares."""
    size = RagSettings.load().parts_per_run
    start = STARTERS.first()
    if start is None or len(numbers) <= size:
        return False
    for first in range(0, len(numbers), size):
        data = IngestParts(
            document=document.id, version=document.version, numbers=numbers[first : first + size]
        )
        key = f"parts {document.id} {document.version} {data.numbers[0]} {current_scope().run_id}"
        await start(INGEST_PARTS, data.model_dump(mode="json"), key)
    return True


async def run_ingest_parts(data: IngestParts, _steps: Steps) -> Ingested:
    """Embed some parts. Who has embedded the last one lets the document be found."""
    document = await repository.find_document(data.document)
    if document is None or document.version != data.version or document.state == State.deleting:
        return Ingested(document=data.document, state=State.deleting)
    async with pipeline.keeping_errors(document):
        index: Index = await index_to_write()
        numbers = await pipeline.cut(index, document)
        wanted = {number: numbers[number] for number in data.numbers if number in numbers}
        await pipeline.embed_parts(index, document, wanted)
        return Ingested(document=document.id, state=await pipeline.finish(index, document))


ingest_document = Workflow(
    name=INGEST,
    summary="Read a document, cut it into chunks, embed them, and let them be found.",
    input=IngestDocument,
    output=Ingested,
    run=run_ingest_document,
    example={"document": "01997a3e-0000-7000-8000-000000000000"},
    time_limit=3600.0,
)

ingest_parts = Workflow(
    name=INGEST_PARTS,
    summary="Embed some parts of a large document.",
    input=IngestParts,
    output=Ingested,
    run=run_ingest_parts,
    example={"document": "01997a3e-0000-7000-8000-000000000000", "version": 1, "numbers": [0]},
    time_limit=3600.0,
)
