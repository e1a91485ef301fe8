"""Nodes that run others: for each item, at the same time, again and again, or as a workflow of their own."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel

from app.workflows.context import Context
from app.workflows.errors import LoopNotSettled
from app.workflows.functions import call
from app.workflows.nodes import Do, Node

if TYPE_CHECKING:
    from app.workflows.flow import Flow


@dataclass(frozen=True, kw_only=True)
class Each(Node):
    """The same node for every item of a list. The node reads the item as `item`."""

    over: Callable[..., Sequence[Any]]
    node: Node
    at_once: int = 4

    @property
    def output(self) -> Any:
        """A list with one output an item, in their order."""
        return list[self.node.output]  # type: ignore[name-defined]

    def readers(self) -> Sequence[Callable[..., Any]]:
        """Return what gives the list."""
        return (self.over,)

    def inner(self) -> Sequence[Node]:
        """Return the node."""
        return (self.node,)

    async def run(self, context: Context, do: Do) -> list[Any]:
        """Run the node for each item, at most `at_once` at a time."""
        items = await call(self.over, context.values())
        return await _gather(
            [(self.node, context.fork(item=item), f"[{i}]") for i, item in enumerate(items)],
            context,
            do,
            self.at_once,
        )


@dataclass(frozen=True, kw_only=True)
class Branches(Node):
    """Several nodes at the same time. Later nodes read each one's output by its name."""

    nodes: Sequence[Node]
    at_once: int = 4

    @property
    def output(self) -> Any:
        """The outputs by name."""
        return dict[str, Any]

    def inner(self) -> Sequence[Node]:
        """Return the nodes."""
        return self.nodes

    async def run(self, context: Context, do: Do) -> dict[str, Any]:
        """Run the nodes, at most `at_once` at a time."""
        jobs = [(node, context.fork(), f".{node.name}") for node in self.nodes]
        outputs = await _gather(jobs, context, do, self.at_once)
        found = {node.name: output for node, output in zip(self.nodes, outputs, strict=True)}
        context.outputs |= found
        return found


async def _gather(
    jobs: Sequence[tuple[Node, Context, str]], context: Context, do: Do, at_once: int
) -> list[Any]:
    """Run nodes at the same time. If one fails the others are stopped."""
    room = asyncio.Semaphore(at_once)
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
    """Nodes in turn, again and again, until the result is good enough. Its output is that of the last node.

    In the first round a node may read the output of a later one: it is None.
    """

    nodes: Sequence[Node]
    until: Callable[..., bool]
    after: str | None = None
    """The node after which `until` is asked; None: the last one. What comes behind it may never run."""
    at_most: int = 3
    must_settle: bool = False
    """Whether it is an error if the result is not good enough after `at_most` rounds."""

    @property
    def output(self) -> Any:
        """What the last node gives; None if it has not run."""
        last = self.nodes[-1]
        return last.output if self.after in {None, last.name} else last.output | None

    def readers(self) -> Sequence[Callable[..., Any]]:
        """Return the question whether it is good enough."""
        return (self.until,)

    def inner(self) -> Sequence[Node]:
        """Return the nodes of one round."""
        return self.nodes

    async def run(self, context: Context, do: Do) -> Any:
        """Go round until the result is good enough."""
        last = self.nodes[-1].name
        for turn in range(self.at_most):
            for node in self.nodes:
                context.outputs[node.name] = await do(node, context, f"[{turn}].{node.name}")
                is_asked = node.name == (self.after or last)
                if is_asked and await call(self.until, context.values()):
                    return context.outputs.get(last)
        if self.must_settle:
            raise LoopNotSettled(f"{self.name} was not good enough after {self.at_most} rounds.")
        context.notes.append(f"{self.name}: not good enough after {self.at_most} rounds")
        return context.outputs[last]


@dataclass(frozen=True, kw_only=True)
class Sub(Node):
    """Another workflow, with its own nodes."""

    is_step: ClassVar[bool] = False

    flow: "Flow[Any, Any]"
    give: Callable[..., BaseModel]
    """Returns the other workflow's input."""

    @property
    def output(self) -> Any:
        """What the other workflow gives."""
        return self.flow.output

    def readers(self) -> Sequence[Callable[..., Any]]:
        """Return what gives its input."""
        return (self.give,)

    async def run(self, context: Context, do: Do) -> Any:
        """Run the other workflow inside this one, with its budget."""
        inner = Context(await call(self.give, context.values()), context.budget)
        output = await self.flow.walk(inner, do, ".")
        context.join(inner.cost, inner.notes)
        return output
