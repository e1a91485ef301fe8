"""What is shown of documents and hits."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from app.rag.models import State
from app.rag.repository import Listed
from app.rag.retrieval import Hit


class DocumentError(BaseModel):
    """Why a document could not be indexed."""

    code: str
    detail: str
    hint: str | None = None


class Progress(BaseModel):
    """How far a document has come."""

    done: int
    parts: int


class DocumentView(BaseModel):
    """A document."""

    id: UUID
    source: str
    owner: str
    state: State
    error: DocumentError | None
    progress: Progress | None
    """While it is embedded."""
    format: str
    language: str
    pages: int | None
    bytes: int
    fields: dict[str, Any]
    chunks: int
    tokens: int
    cost: Decimal | None
    """US dollars; null if the price is not known."""
    created_at: datetime
    updated_at: datetime
    indexed_at: datetime | None

    @classmethod
    def of(cls, listed: Listed) -> "DocumentView":
        """Return the view of a document."""
        document, entry = listed.document, listed.entry
        return cls(
            id=document.id,
            source=document.source,
            owner=document.owner,
            state=State(document.state),
            error=DocumentError.model_validate(document.error) if document.error else None,
            progress=Progress(done=listed.done, parts=listed.parts) if listed.parts else None,
            format=document.format,
            language=document.language,
            pages=document.pages,
            bytes=document.bytes,
            fields=document.fields,
            chunks=entry.chunks if entry else 0,
            tokens=entry.tokens if entry else 0,
            cost=entry.cost if entry else None,
            created_at=document.created_at,
            updated_at=document.updated_at,
            indexed_at=entry.indexed_at if entry else None,
        )


class HitView(BaseModel):
    """A passage that was found."""

    document: UUID
    source: str
    position: int
    page: int | None
    headings: list[str]
    kind: str
    text: str
    score: float
    scores: Mapping[str, float]
    found_by: list[str]
    fields: Mapping[str, Any]

    @classmethod
    def of(cls, hit: Hit) -> "HitView":
        """Return the view of a hit."""
        return cls.model_validate({name: value for name, value in vars(hit).items() if name != "found"})
