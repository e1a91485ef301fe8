"""What goes in and comes out."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.text import Text
from app.rag import Answered, DocumentView, HitView


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


class AnswerRequest(BaseModel):
    """A question that the documents are to answer."""

    model_config = ConfigDict(extra="forbid")

    question: Text = Field(min_length=1, max_length=10_000)
    profile: Text | None = Field(
        default=None, max_length=100, description="How to search. Not given: as RAG_PROFILE says."
    )
    limit: int = Field(default=8, ge=1, le=50, description="Passages that the model is shown.")
    filter: dict[str, Any] = Field(default_factory=dict, max_length=20, description="As for a search.")
    stream: bool = Field(
        default=False,
        description="Send the answer piece by piece, as events `text`, and last `answer` with all of it.",
    )


class SourceView(BaseModel):
    """A passage that the answer cites."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    """As the answer cites it: `[1]`."""
    document: UUID
    source: str
    position: int
    page: int | None
    headings: list[str]
    quote: str


class AnswerView(BaseModel):
    """An answer. Code has found the words of each citation in its passage."""

    answer: str
    found: bool
    """False: it is not in the documents."""
    sources: list[SourceView]
    uncited: list[str]
    """Sentences of the answer that rest on no passage."""
    dropped_citations: int
    """Citations of the model that were wrong, and are not in the answer."""
    hits: list[HitView]
    model: str | None
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    """US dollars; null if the price is not known."""

    @classmethod
    def of(cls, answered: Answered) -> "AnswerView":
        """Return the view of an answer."""
        reply = answered.reply
        return cls(
            answer=answered.text,
            found=answered.found,
            sources=[SourceView.model_validate(source) for source in answered.sources],
            uncited=list(answered.uncited),
            dropped_citations=answered.dropped_citations,
            hits=[HitView.of(hit) for hit in answered.hits],
            model=reply.model if reply else None,
            input_tokens=reply.input_tokens if reply else 0,
            output_tokens=reply.output_tokens if reply else 0,
            cost=answered.cost,
        )


class SearchResults(BaseModel):
    """The best passages, the best first."""

    hits: list[HitView]
