"""The assistant as a model of the OpenAI-compatible endpoint: the same agent, piece by piece."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from decimal import Decimal

from app.agents import AgentResult
from app.llm import Call, Event, Reply, TextDelta
from app.systems.assistant.workflow import make_assistant, recall, sum_in


async def answer(call: Call) -> AsyncGenerator[Event, None]:
    """Answer the last message of a conversation."""
    started = time.perf_counter()
    said = call.messages[-1].text
    if (result := sum_in(said)) is not None:
        yield TextDelta(result)
        yield _reply(result, started)
        return
    assistant = make_assistant(call.instructions)
    events = assistant.stream(said, history=recall(call.messages[:-1]), budget=call.budget)
    async with aclosing(events):
        async for event in events:
            if isinstance(event, AgentResult):
                yield _reply(event.output, started, event)
            elif event.kind == "text":
                yield TextDelta(event.text)


def _reply(text: str, started: float, result: AgentResult[str] | None = None) -> Reply[str]:
    return Reply(
        output=text,
        model="assistant",
        requests=result.steps if result else 0,
        input_tokens=result.input_tokens if result else 0,
        output_tokens=result.output_tokens if result else 0,
        cost=result.cost if result else Decimal(0),
        seconds=time.perf_counter() - started,
    )
