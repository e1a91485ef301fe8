"""The documents as a model of the OpenAI-compatible endpoint: answers with their sources below."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from decimal import Decimal

from app.llm import Call, Event, Reply, TextDelta
from app.rag.access import current_readers
from app.rag.answers import Answered, Source, stream_answer


async def answer(call: Call) -> AsyncGenerator[Event, None]:
    """Answer the last message of a conversation from the documents that the caller may read."""
    *history, last = call.messages
    events = stream_answer(last.text, readers=current_readers(), history=history, budget=call.budget)
    said = ""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, TextDelta):
                said += event.text
                yield event
                continue
            if listed := sources_below(event):
                said += listed
                yield TextDelta(listed)
            yield _reply(said, event)


def sources_below(answered: Answered) -> str:
    """Return the sources as lines to be put below an answer."""
    lines = [
        f"[{each.number}] {_place(each)}: \u201c{' '.join(each.quote.split())}\u201d"
        for each in answered.sources
    ]
    return "\n\n" + "\n".join(lines) if lines else ""


def _place(source: Source) -> str:
    return f"{source.source}, page {source.page}" if source.page else source.source


def _reply(said: str, answered: Answered) -> Reply[str]:
    took = answered.reply
    return Reply(
        output=said,
        model="documents",
        requests=took.requests if took else 0,
        input_tokens=took.input_tokens if took else 0,
        output_tokens=took.output_tokens if took else 0,
        cost=took.cost if took else Decimal(0),
        seconds=took.seconds if took else 0.0,
        finish_reason=took.finish_reason if took else "stop",
    )
