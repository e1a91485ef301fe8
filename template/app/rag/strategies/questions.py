"""What a model makes of a question: other words for it, an answer to look for, a filter."""

from datetime import UTC, datetime
from typing import Any

import structlog
from pydantic import BaseModel, Field

from app.core.errors import AppError
from app.llm import LLMError, as_data, complete, extract, load_prompt
from app.rag.filters import parse_filter
from app.rag.settings import RagSettings
from app.rag.store import Condition

log = structlog.get_logger(__name__)

_LONGEST = 2000


class Queries(BaseModel):
    """The same question in other words."""

    queries: list[str] = Field(max_length=10)


class Understood(BaseModel):
    """A question, split."""

    query: str = Field(description="What is looked for, without what the filter says.")
    filter: dict[str, Any] = Field(
        default_factory=dict, description="Only fields that are named; may be empty."
    )


async def expand(question: str, many: int) -> list[str]:
    """Return the question in other words; none if the model fails: the question itself is asked anyway."""
    try:
        instructions = load_prompt("rag.expand").render(many=many)
        reply = await extract(as_data("question", question), Queries, instructions=instructions)
    except LLMError as error:
        log.warning("retrieval.not_expanded", reason=error.detail)
        return []
    others = (query.strip()[:_LONGEST] for query in reply.output.queries)
    return list(dict.fromkeys(query for query in others if query and query != question))[:many]


async def imagine(question: str) -> str:
    """Return an answer that a model makes up; the question if the model fails."""
    try:
        reply = await complete(as_data("question", question), instructions=load_prompt("rag.hyde").render())
    except LLMError as error:
        log.warning("retrieval.not_imagined", reason=error.detail)
        return question
    return reply.output[:_LONGEST] or question


async def understand(question: str) -> tuple[str, tuple[Condition, ...]]:
    """Return what is looked for, and the conditions in the question; the question alone if that fails."""
    types = ", ".join(f"{name} ({kind})" for name, kind in RagSettings.load().types().items())
    instructions = load_prompt("rag.self_query").render(fields=types, today=datetime.now(UTC).date())
    try:
        understood = (
            await extract(as_data("question", question), Understood, instructions=instructions)
        ).output
        return understood.query.strip()[:_LONGEST] or question, parse_filter(understood.filter)
    except AppError as error:  # of the model, or a filter that does not fit
        log.warning("retrieval.not_understood", reason=error.detail)
        return question, ()
