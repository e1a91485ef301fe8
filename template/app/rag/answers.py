"""Answers from the documents alone, each sentence tied to its passage; or that it is not in them."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from app.core.spans import span
from app.llm import Budget, Message, Reply, TextDelta, as_data, load_prompt, stream
from app.rag.citations import NOT_FOUND, CitationReader, uncited_sentences
from app.rag.retrieval import Hit, search
from app.rag.store import Condition

NOTHING = "That is not in the documents."


@dataclass(frozen=True)
class Source:
    """A passage that an answer cites."""

    number: int
    """As the answer cites it: `[1]`."""
    document: UUID
    source: str
    position: int
    page: int | None
    headings: tuple[str, ...]
    quote: str
    """The words on which the answer rests; code has found them in the passage."""


@dataclass(frozen=True)
class Answered:
    """An answer."""

    text: str
    found: bool
    """Whether the documents answer the question."""
    sources: tuple[Source, ...]
    uncited: tuple[str, ...]
    """Sentences that rest on no passage."""
    dropped_citations: int
    """How many the model has made up."""
    hits: tuple[Hit, ...]
    """What the model was shown, numbered from 1."""
    reply: Reply[str] | None
    """What it took; None if no model was asked: there was no passage."""

    @property
    def cost(self) -> Decimal | None:
        """US dollars; None if the price is not known."""
        return self.reply.cost if self.reply else Decimal(0)


async def stream_answer(
    question: str,
    *,
    readers: Collection[str] | None,
    profile: str | None = None,
    limit: int = 8,
    conditions: Sequence[Condition] = (),
    history: Sequence[Message] = (),
    budget: Budget | None = None,
) -> AsyncGenerator[TextDelta | Answered, None]:
    """Answer piece by piece: yields text that rests on a passage as it comes, and last the `Answered`.

    No model is asked if nothing was found. Raises what `search` raises, or a subclass of `LLMError`.
    """
    before = [message.text for message in history if message.role == "user"]
    said = "\n".join((*before[-1:], question))  # "And on Sundays?" is about what was asked before
    with span("answer") as piece:
        piece.say(question=question)
        hits = await search(said, readers=readers, profile=profile, limit=limit, conditions=conditions)
        async with aclosing(_from_passages(question, hits, history, budget)) as events:
            async for event in events:
                yield event


async def _from_passages(
    question: str, hits: Sequence[Hit], history: Sequence[Message], budget: Budget | None
) -> AsyncGenerator[TextDelta | Answered, None]:
    if not hits:
        yield TextDelta(NOTHING)
        yield _not_found((), None)
        return
    reader = CitationReader([hit.text for hit in hits])
    reply: Reply[str] | None = None
    instructions = load_prompt("rag.answer").render()
    events = stream(prompt(question, hits), instructions=instructions, history=history, budget=budget)
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Reply):
                reply = event.answered()
            elif passed := reader.feed(event.text):
                yield TextDelta(passed)
    if passed := reader.end():
        yield TextDelta(passed)
    if not reader.citations:
        yield TextDelta(NOTHING)
        yield _not_found(hits, reply, reader.dropped)
        return
    yield _answered(hits, reader, reply)


async def last_answer(events: AsyncGenerator[TextDelta | Answered, None]) -> Answered:
    """Return the answer as a whole."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Answered):
                return event
    raise AssertionError("an answer ends with an Answered")


def prompt(question: str, hits: Sequence[Hit]) -> str:
    """Return the question and the passages, both as data, numbered from 1."""
    passages = "\n\n".join(
        as_data("passage", f"[{number}] {_place(hit)}\n{hit.text}") for number, hit in enumerate(hits, 1)
    )
    return f"{passages}\n\n{as_data('question', question)}"


def _place(hit: Hit) -> str:
    name = " ".join(hit.source.rpartition("/")[2].split())
    return f"{name}, page {hit.page}" if hit.page else name


def _answered(hits: Sequence[Hit], reader: CitationReader, reply: Reply[str] | None) -> Answered:
    text = reader.text.replace(NOT_FOUND, "").strip()
    return Answered(
        text=text,
        found=True,
        sources=tuple(
            _source(citation.number, hits[citation.number - 1], citation.quote)
            for citation in dict.fromkeys(reader.citations)
        ),
        uncited=tuple(uncited_sentences(text)),
        dropped_citations=reader.dropped,
        hits=tuple(hits),
        reply=reply,
    )


def _not_found(hits: Sequence[Hit], reply: Reply[str] | None, dropped: int = 0) -> Answered:
    return Answered(NOTHING, False, (), (), dropped, tuple(hits), reply)


def _source(number: int, hit: Hit, quote: str) -> Source:
    return Source(number, hit.document, hit.source, hit.position, hit.page, hit.headings, quote)
