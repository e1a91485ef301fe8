"""Calls of a model for tests, and a model that answers as it is told and remembers what it was asked."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from app.guardrails.layer import guard
from app.llm import Call, Event, Message, Reply, TextDelta, ToolCall


class Model:
    """A handler that says something, in pieces if the call is streamed."""

    def __init__(self, *pieces: str, output: object = None, tool_calls: tuple[ToolCall, ...] = ()) -> None:
        self.pieces = pieces
        self.output = output
        self.tool_calls = tool_calls
        self.asked: list[Call] = []

    async def __call__(self, call: Call) -> AsyncGenerator[Event, None]:
        self.asked.append(call)
        for piece in self.pieces if call.streaming else ():
            yield TextDelta(piece)
        yield Reply(
            output="".join(self.pieces) if self.output is None else self.output,
            model=call.model,
            requests=1,
            input_tokens=1,
            output_tokens=1,
            cost=None,
            seconds=0.0,
            tool_calls=self.tool_calls,
        )


def call(*messages: Message, streaming: bool = False, instructions: str | None = None, **more: Any) -> Call:
    return Call(messages=messages, model="test:model", streaming=streaming, instructions=instructions, **more)


async def ask(model: Model, asked: Call) -> list[Event]:
    """Return what comes out of the guards."""
    async with aclosing(guard(asked, model)) as events:
        return [event async for event in events]


async def answer(model: Model, asked: Call) -> Reply[Any]:
    """Return the reply that comes out of the guards."""
    event = (await ask(model, asked))[-1]
    assert isinstance(event, Reply)
    return event


def user(text: str) -> Message:
    return Message("user", text)
