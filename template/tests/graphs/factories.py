"""Graphs for tests, and what their nodes do."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter

from app.core.errors import AppError
from app.graphs import (
    Function,
    Graph,
    Node,
)
from app.workflows import Steps

S = TypeVar("S")


class Text(BaseModel):
    text: str


class Number(BaseModel):
    number: int


def count(input: Text) -> Number:
    return Number(number=len(input.text))


def double(count: Number) -> Number:
    return Number(number=count.number * 2)


def add_one(count: Number) -> Number:
    return Number(number=count.number + 1)


def is_long(count: Number) -> bool:
    return count.number > 3


def graph_of(*nodes: Node, **settings: Any) -> Graph[Text, Number]:
    return Graph(name="test", summary="", input=Text, output=Number, nodes=nodes, **settings)


class KeptSteps(Steps):
    """Keeps outputs as a durable run does: as JSON."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.done: list[str] = []

    async def step(self, name: str, output_type: type[S], work: Callable[[], Awaitable[S]]) -> S:
        adapter = TypeAdapter(output_type)
        if name not in self.kept:
            self.kept[name] = adapter.dump_python(await work(), mode="json")
            self.done.append(name)
        return adapter.validate_python(self.kept[name])


COUNT = Function(name="count", call=count)


def grow(input: Text, grown: Number | None) -> Number:
    return Number(number=(grown.number if grown else len(input.text)) + 1)


def is_enough(grown: Number) -> bool:
    return grown.number >= 5


class Down(AppError):
    """Something that does not work."""
