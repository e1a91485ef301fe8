"""A workflow as a graph of nodes, and the facade that runs it.

    triage = Flow(
        name="triage", summary="Answer an e-mail.", input=Email, output=Answer,
        nodes=[
            Function(name="clean", call=without_signature),
            Model(name="kind", prompt="support.kind", say=clean_text, answer=Kind),
            Router(name="route", rules=[Rule("refuse", is_spam)], otherwise="draft"),
            Function(name="refuse", call=refusal, then=END),
            Model(name="draft", prompt="support.draft", say=clean_text, answer=Answer),
        ],
    )

Nodes run in the order of the list, unless `then` or a router says otherwise. The graph is checked when it is
declared: what is wrong is a `DefinitionError` that names the node.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from app.core.errors import AppError, TimedOut
from app.core.workflow import Decision, DecisionNeeded, Steps, Workflow
from app.llm import Budget
from app.workflows.check import check
from app.workflows.context import Context
from app.workflows.diagram import draw
from app.workflows.errors import NodeTimedOut, WrongOutput
from app.workflows.groups import Sub
from app.workflows.nodes import END, Approval, Do, Node

In = TypeVar("In", bound=BaseModel)
Out = TypeVar("Out", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Flow(Generic[In, Out]):
    """A named graph of nodes. `as_workflow` makes it known to the command line, the API and MCP."""

    name: str
    summary: str
    input: type[In]
    output: type[Out]
    nodes: Sequence[Node]
    example: Mapping[str, Any] = field(default_factory=dict)
    time_limit: float = 600.0
    max_attempts: int = 3
    version: int = 1
    """Raise it when nodes change their names, their meaning or what they give."""
    decide_within: float | None = None
    """Seconds that a run waits for a person; None: as `RUNS_DECIDE_WITHIN` says."""
    max_cost: Decimal = Decimal("1.00")
    """US dollars that all model calls of a run may cost together."""
    max_requests: int = 100
    """Requests to models that a run may make."""
    max_tokens: int = 1_000_000
    """Tokens, in and out, that a run may use."""

    def __post_init__(self) -> None:
        """Check the graph. Raises `DefinitionError`."""
        check(self)

    def next_of(self, index: int) -> list[str]:
        """Return the names of the nodes that may follow the one at a place in the list."""
        node = self.nodes[index]
        if targets := node.targets():
            return list(targets)
        following = self.nodes[index + 1].name if index + 1 < len(self.nodes) else END
        return [node.then or following]

    async def walk(self, context: Context, do: Do, prefix: str = "") -> Any:
        """Pass the context from node to node; return the output of the last one."""
        places = {node.name: place for place, node in enumerate(self.nodes)}
        name = self.nodes[0].name
        while True:
            node = self.nodes[places[name]]
            output = context.outputs[name] = await do(node, context, f"{prefix}{name}")
            name = output if node.targets() else self.next_of(places[name])[0]
            if name == END:
                return output

    def as_workflow(self) -> Workflow[In, Out]:
        """Return what the registry takes."""
        return Workflow(
            name=self.name,
            summary=self.summary,
            input=self.input,
            output=self.output,
            run=self._run,
            example=self.example,
            time_limit=self.time_limit,
            max_attempts=self.max_attempts,
            version=self.version,
            decide_within=self.decide_within,
            decisions=dict(_decisions(self.nodes)),
            diagram=lambda language: draw(self, language),
        )

    async def _run(self, data: In, steps: Steps) -> Out:
        """Run as a `Workflow`, whose time limit is kept by who runs it."""
        output, _ = await _walk(self, data, steps)
        return output


def _decisions(nodes: Sequence[Node], prefix: str = "") -> Iterator[tuple[str, type[Decision]]]:
    """Yield what people decide, by the name of the step."""
    for node in nodes:
        inner = node.flow.nodes if isinstance(node, Sub) else node.inner()
        yield from _decisions(inner, f"{prefix}{node.name}.")
        if isinstance(node, Approval):
            yield f"{prefix}{node.name}", node.decision


async def run(flow: Flow[In, Out], data: In, steps: Steps | None = None) -> Out:
    """Run a workflow here and now: the facade. Raises `TimedOut` after its `time_limit`."""
    output, _ = await carry_out(flow, data, steps or Steps())
    return output


async def carry_out(flow: Flow[In, Out], data: In, steps: Steps) -> tuple[Out, Context]:
    """The same; return the output, and the context with what it has cost and noted."""
    limit = asyncio.timeout(flow.time_limit)
    try:
        async with limit:
            return await _walk(flow, data, steps)
    except TimeoutError:
        if not limit.expired():  # a time-out of a node's own
            raise
        raise TimedOut(f"Workflow {flow.name!r} took longer than {flow.time_limit:g} seconds.") from None


async def _walk(
    flow: Flow[In, Out], data: In, steps: Steps, budget: Budget | None = None
) -> tuple[Out, Context]:
    budget = budget or Budget(requests=flow.max_requests, tokens=flow.max_tokens, cost=flow.max_cost)
    context = Context(data, budget)
    output: Out = await flow.walk(context, _Runner(steps).do)
    return output, context


@dataclass(frozen=True)
class Observed:
    """How a workflow ended: with an output, a question for a person, or an error."""

    output: Any
    question: Any
    error: AppError | None
    cost: Decimal
    """US dollars, as far as prices are known."""
    seconds: float


async def observe(flow: Flow[In, Out], data: In) -> Observed:
    """Run a workflow and return how it ended, whichever way."""
    budget = Budget(requests=flow.max_requests, tokens=flow.max_tokens, cost=flow.max_cost)
    started = time.perf_counter()
    output, question, error = None, None, None
    try:
        async with asyncio.timeout(flow.time_limit):
            output, _ = await _walk(flow, data, Steps(), budget)
    except DecisionNeeded as needed:
        question = needed.question
    except AppError as failure:
        error = failure
    except TimeoutError:
        error = TimedOut(f"Workflow {flow.name!r} took longer than {flow.time_limit:g} seconds.")
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

    async def do(self, node: Node, context: Context, path: str) -> Any:
        """Run a node and return its output. `path` is the name of its step: unique, and always the same."""

        async def inside(inner: Node, its_context: Context, place: str) -> Any:
            return await self.do(inner, its_context, f"{path}{place}")

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

        kept = Done[node.output]  # type: ignore[name-defined]
        done = await self._steps.step(path, kept, work)
        context.join(done.cost, done.notes)
        if not asked:  # kept from an earlier attempt, which has been paid for
            context.budget.spent.cost += done.cost
        return done.output


async def _within_limits(
    node: Node, context: Context, do: Do, again: Callable[[], None] = lambda: None
) -> Any:
    """Run a node, and again after an error that may pass; `again` is called before each further attempt."""
    for attempt in range(1, node.attempts + 1):
        try:
            return await _attempt(node, context, do)
        except AppError as error:
            if error.may_pass and attempt < node.attempts:
                again()
                continue
            if not isinstance(error, node.unless):
                raise
            context.notes.append(f"{node.name}: {error}")
            return None
    raise AssertionError("a node has at least one attempt")


async def _attempt(node: Node, context: Context, do: Do) -> Any:
    before, ceiling = context.cost, context.ceiling
    if node.max_cost is not None:
        own = before + node.max_cost
        context.ceiling = own if ceiling is None else min(own, ceiling)
    limit = asyncio.timeout(node.time_limit)
    try:
        async with limit:
            output = await node.run(context, do)
    except TimeoutError:
        if not limit.expired():  # a time-out of the node's own
            raise
        raise NodeTimedOut(f"Node {node.name!r} took longer than {node.time_limit:g} seconds.") from None
    finally:
        context.ceiling = ceiling
    if node.max_cost is not None and context.cost - before > node.max_cost:
        from app.llm.errors import BudgetExceeded

        raise BudgetExceeded(f"Node {node.name!r} has cost more than ${node.max_cost}.")
    return output
