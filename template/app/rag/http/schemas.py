"""What goes in and comes out."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.core.text import Text
from app.rag import DocumentView, HitView


class DocumentPage(BaseModel):
    """Some documents."""

    documents: list[DocumentView]
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last one."""


class SearchRequest(BaseModel):
    """What is looked for."""

    model_config = ConfigDict(extra="forbid")

    query: Text = Field(min_length=1, max_length=10_000)
    profile: Text | None = Field(
        default=None, max_length=100, description="How to search. Not given: as RAG_PROFILE says."
    )
    limit: int = Field(default=8, ge=1, le=100)
    filter: dict[str, Any] = Field(
        default_factory=dict,
        max_length=20,
        description='All must hold: a value, or operators such as `{"gte": 2025}` or `{"in": ["pdf"]}`.',
        examples=[{"format": "pdf", "page": {"lte": 3}}],
    )


class SearchResults(BaseModel):
    """The best passages, the best first."""

    hits: list[HitView]
