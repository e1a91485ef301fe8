"""Nodes that run others: for each item, in parallel, in a loop, or as a workflow of their own."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel

from app.graphs.context import Context
from app.graphs.errors import LoopDidNotConverge
from app.graphs.functions import call
from app.graphs.nodes import Do, Node

if TYPE_CHECKING:
    from app.graphs.graph import Graph


@dataclass(frozen=True, kw_only=True)
class ForEach(Node):
    """The same node for every item of a list. The node reads the item as `item`."""

    over: str | Callable[..., Sequence[Any]]
    """The output that is the list, or a function that returns it."""
    node: Node
    max_concurrency: int = 4

    @property
    def produces(self) -> Any:
        """A list with one output per item, in their order."""
        return list[self.node.produces]  # type: ignore[name-defined]

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return what returns the list."""
        return () if isinstance(self.over, str) else (self.over,)

    def inner(self) -> Sequence[Node]:
        """Return the node."""
        return (self.node,)

    async def run(self, context: Context, do: Do) -> list[Any]:
        """Run the node for each item, at most `max_concurrency` at a time."""
        items = await self._items(context)
        return await _gather(
            [(self.node, context.fork(item=item), f"[{i}]") for i, item in enumerate(items)],
            context,
            do,
            self.max_concurrency,
        )

    async def _items(self, context: Context) -> Sequence[Any]:
        if isinstance(self.over, str):
            listed: Sequence[Any] = context.values()[self.over]
            return listed
        found: Sequence[Any] = await call(self.over, context.values())
        return found


@dataclass(frozen=True, kw_only=True)
class Branches(Node):
    """Several nodes at the same time. Later nodes read each one's output by its name."""

    nodes: Sequence[Node]
    max_concurrency: int = 4

    @property
    def produces(self) -> Any:
        """The outputs by name."""
        return dict[str, Any]

    def inner(self) -> Sequence[Node]:
        """Return the nodes."""
        return self.nodes

    async def run(self, context: Context, do: Do) -> dict[str, Any]:
        """Run the nodes, at most `max_concurrency` at a time."""
        jobs = [(node, context.fork(), f".{node.name}") for node in self.nodes]
        outputs = await _gather(jobs, context, do, self.max_concurrency)
        found = {node.writes: output for node, output in zip(self.nodes, outputs, strict=True)}
        context.outputs |= found
        return found


async def _gather(
    jobs: Sequence[tuple[Node, Context, str]], context: Context, do: Do, max_concurrency: int
) -> list[Any]:
    """Run nodes at the same time. If one fails the others are stopped."""
    room = asyncio.Semaphore(max_concurrency)
    start = context.fork()

    async def run(node: Node, own: Context, path: str) -> Any:
        async with room:
            context.check_cost()  # others may have used it up meanwhile
            output = await do(node, own, path)
            context.join(own.since(start)[0], [])
            return output

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run(*job)) for job in jobs]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    for _, own, _ in jobs:
        context.join(Decimal(0), own.since(start)[1])
    return [task.result() for task in tasks]


@dataclass(frozen=True, kw_only=True)
class Loop(Node):
    """Nodes in turn, repeated until the result is good enough. Its output is that of the last node.

    In the first round a node may read the output of a later one: it is None.
    """

    nodes: Sequence[Node]
    until: Callable[..., bool]
    after: str | None = None
    """The node after which `until` is asked; None: the last one. What comes behind it may never run."""
    max_rounds: int = 3
    raise_at_limit: bool = False
    """Whether it is an error if the result is not good enough after `max_rounds` rounds."""

    @property
    def produces(self) -> Any:
        """What the last node produces; None if it has not run."""
        last = self.nodes[-1]
        return last.produces if self.after in {None, last.name} else last.produces | None

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the question whether it is good enough."""
        return (self.until,)

    def inner(self) -> Sequence[Node]:
        """Return the nodes of one round."""
        return self.nodes

    async def run(self, context: Context, do: Do) -> Any:
        """Go round until the result is good enough."""
        last = self.nodes[-1]
        for turn in range(self.max_rounds):
            for node in self.nodes:
                context.outputs[node.writes] = await do(node, context, f"[{turn}].{node.name}")
                is_asked = node.name == (self.after or last.name)
                if is_asked and await call(self.until, context.values()):
                    return context.outputs.get(last.writes)
        if self.raise_at_limit:
            raise LoopDidNotConverge(f"{self.name} was not good enough after {self.max_rounds} rounds.")
        context.notes.append(f"{self.name}: not good enough after {self.max_rounds} rounds")
        return context.outputs[last.writes]


@dataclass(frozen=True, kw_only=True)
class SubGraph(Node):
    """Another workflow, with its own nodes."""

    is_step: ClassVar[bool] = False

    graph: "Graph[Any, Any]"
    input: Callable[..., BaseModel]
    """Returns the other workflow's input."""

    @property
    def produces(self) -> Any:
        """What the other workflow produces."""
        return self.graph.output

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return what returns its input."""
        return (self.input,)

    async def run(self, context: Context, do: Do) -> Any:
        """Run the other workflow inside this one, with its budget."""
        inner = Context(await call(self.input, context.values()), context.budget)
        output = await self.graph.walk(inner, do, ".")
        context.join(inner.cost, inner.notes)
        return output
