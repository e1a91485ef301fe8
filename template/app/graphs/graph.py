"""A workflow as a graph of nodes.

    triage = Graph(
        name="triage", summary="Answer an e-mail.", input=Email, output=Answer,
        nodes=[
            Function(name="clean", call=without_signature, output="text"),
            Model(name="classify", prompt="support.kind", message=the_text, output_type=Kind, output="kind"),
            Router(name="route", rules=[Rule("refuse", is_spam)], otherwise="draft"),
            Function(name="refuse", call=refusal, next=END),
            Model(name="draft", prompt="support.draft", message=the_text, output_type=Answer),
        ],
    )

Nodes run in the order of the list, unless `next` or a router says otherwise. The graph is checked when it is
declared: what is wrong is a `DefinitionError` that names the node.
"""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from app.core.deadlines import deadline
from app.core.errors import AppError
from app.core.scope import in_scope
from app.core.spans import span
from app.graphs.check import check
from app.graphs.context import Context
from app.graphs.diagram import draw
from app.graphs.errors import NodeTimedOut, WrongOutput
from app.graphs.groups import SubGraph
from app.graphs.nodes import END, Approval, Do, Node
from app.llm import Budget
from app.workflows import Decision, DecisionNeeded, Steps, Workflow

In = TypeVar("In", bound=BaseModel)
Out = TypeVar("Out", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Graph(Workflow[In, Out]):
    """A workflow whose work is a graph of nodes."""

    nodes: Sequence[Node]
    max_cost: Decimal = Decimal("1.00")
    """US dollars that all model calls of a run may cost together."""
    max_requests: int = 100
    """Requests to models that a run may make."""
    max_tokens: int = 1_000_000
    """Tokens, in and out, that a run may use."""

    # what a workflow is given by hand follows from the nodes
    run: Callable[[In, Steps], Awaitable[Out]] = field(init=False, repr=False)
    decisions: Mapping[str, type[Decision]] = field(init=False, repr=False)
    diagram: Callable[[str], str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the graph. Raises `DefinitionError`."""
        check(self)
        derived = {"run": self._run, "decisions": dict(_decisions(self.nodes)), "diagram": self._draw}
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    async def _run(self, data: In, steps: Steps) -> Out:
        output, _ = await self.run_with_context(data, steps)
        return output

    def _draw(self, language: str) -> str:
        return draw(self, language)

    def budget(self) -> Budget:
        """Return what a run may spend."""
        return Budget(requests=self.max_requests, tokens=self.max_tokens, cost=self.max_cost)

    async def run_with_context(
        self, data: In, steps: Steps, budget: Budget | None = None
    ) -> tuple[Out, Context]:
        """Do the work, without a time limit. The context has what it cost, and its notes."""
        context = Context(data, budget or self.budget())
        output: Out = await self.walk(context, _Runner(steps).run)
        return output, context

    async def walk(self, context: Context, do: Do, prefix: str = "") -> Any:
        """Pass the context from node to node; return the output of the last one."""
        places = {node.name: place for place, node in enumerate(self.nodes)}
        name = self.nodes[0].name
        while True:
            node = self.nodes[places[name]]
            output = context.outputs[node.writes] = await do(node, context, f"{prefix}{name}")
            name = output if node.targets() else self.next_of(places[name])[0]
            if name == END:
                return output

    def next_of(self, index: int) -> list[str]:
        """Return the names of the nodes that may follow the one at a place in the list."""
        node = self.nodes[index]
        if targets := node.targets():
            return list(targets)
        following = self.nodes[index + 1].name if index + 1 < len(self.nodes) else END
        return [node.next or following]


def _decisions(nodes: Sequence[Node], prefix: str = "") -> Iterator[tuple[str, type[Decision]]]:
    """Yield what people decide, by the name of the step."""
    for node in nodes:
        inner = node.graph.nodes if isinstance(node, SubGraph) else node.inner()
        yield from _decisions(inner, f"{prefix}{node.name}.")
        if isinstance(node, Approval):
            yield f"{prefix}{node.name}", node.decision


@dataclass(frozen=True)
class Observed:
    """How a workflow ended: with an output, a question for a person, or an error."""

    output: Any
    question: Any
    error: AppError | None
    cost: Decimal
    """US dollars, as far as prices are known."""
    seconds: float


async def observe(graph: Graph[In, Out], data: In) -> Observed:
    """Run a workflow and return how it ended, whichever way."""
    budget = graph.budget()
    started = time.perf_counter()
    output, question, error = None, None, None
    try:
        async with deadline(graph.time_limit, f"Workflow {graph.name!r}"):
            output, _ = await graph.run_with_context(data, Steps(), budget)
    except DecisionNeeded as needed:
        question = needed.question
    except AppError as failure:
        error = failure
    return Observed(output, question, error, budget.spent.cost, time.perf_counter() - started)


class Done(BaseModel, Generic[T]):
    """What is kept of a node."""

    output: T
    cost: Decimal
    notes: list[str]


class _Runner:
    """Runs nodes, each within its limits. A node without others inside is a step, whose result is kept."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    async def run(self, node: Node, context: Context, path: str) -> Any:
        """Run a node and return its output. `path` is the name of its step: unique, and always the same."""
        with in_scope(node=path), span("node", kind=type(node).__name__):
            return await self._run(node, context, path)

    async def _run(self, node: Node, context: Context, path: str) -> Any:
        async def inside(inner: Node, its_context: Context, place: str) -> Any:
            return await self.run(inner, its_context, f"{path}{place}")

        if isinstance(node, Approval):
            return await self._steps.decide(path, await node.run(context, inside), node.decision)
        if node.inner() or not node.is_step:
            return await _within_limits(node, context, inside, again=lambda: self._steps.repeat(path))
        asked = False

        async def work() -> Done[Any]:
            nonlocal asked
            asked = True
            own = context.fork()
            output = await _within_limits(node, own, inside)
            cost, notes = own.since(context)
            try:
                return kept(output=output, cost=cost, notes=notes)
            except ValidationError:
                said = f"Node {node.name!r} gave {type(output).__name__}, not what it says it gives."
                raise WrongOutput(said) from None

        kept = Done[node.produces]  # type: ignore[name-defined]
        done = await self._steps.step(path, kept, work)
        context.join(done.cost, done.notes)
        if not asked:  # kept from an earlier attempt, which has been paid for
            context.budget.spent.cost += done.cost
        return done.output


async def _within_limits(
    node: Node, context: Context, do: Do, again: Callable[[], None] = lambda: None
) -> Any:
    """Run a node, and again after a retryable error; `again` is called before each further attempt."""
    for attempt in range(1, node.attempts + 1):
        try:
            return await _attempt(node, context, do)
        except AppError as error:
            if error.retryable and attempt < node.attempts:
                again()
                continue
            if not isinstance(error, node.none_on):
                raise
            context.notes.append(f"{node.name}: {error}")
            return None
    raise AssertionError("a node has at least one attempt")


async def _attempt(node: Node, context: Context, do: Do) -> Any:
    before, ceiling = context.cost, context.ceiling
    if node.max_cost is not None:
        own = before + node.max_cost
        context.ceiling = own if ceiling is None else min(own, ceiling)
    try:
        async with deadline(node.time_limit, f"Node {node.name!r}", NodeTimedOut):
            output = await node.run(context, do)
    finally:
        context.ceiling = ceiling
    if node.max_cost is not None and context.cost - before > node.max_cost:
        from app.llm.errors import BudgetExceeded

        raise BudgetExceeded(f"Node {node.name!r} has cost more than ${node.max_cost}.")
    return output
