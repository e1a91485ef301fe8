"""The kinds of nodes, each a link in a chain of responsibility: it does its part, or says who is next.

| node | what it does | classic pattern |
|---|---|---|
| `Function` | code, no model | |
| `Model` | one question to a model, a typed answer | Strategy: any model |
| `Agent` | an agent with tools, within limits | Strategy: any framework |
| `Router` | decides which node is next: rules first, then perhaps a model | Strategy |
| `ForEach` | the same node for every item of a list, several at a time | fan-out, fan-in |
| `Branches` | several nodes at the same time | fan-out, fan-in |
| `Loop` | nodes repeated until the result is good enough | evaluator-optimiser |
| `Approval` | a person decides; a durable run waits for it | |
| `SubGraph` | another workflow | Composite |
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from app.core.errors import AppError
from app.graphs.context import Context
from app.graphs.errors import UnknownChoice
from app.graphs.functions import call, name_of, result
from app.workflows import Decision

if TYPE_CHECKING:
    from app import agents
    from app.llm import Message

END = "end"
"""What comes after a node with which the workflow ends."""

Do = Callable[["Node", Context, str], Any]
"""Runs a node inside another one: `await do(node, context, "[0]")`. The text says at which place."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """What every node has."""

    name: str
    output: str | None = None
    """The name under which later nodes read what it produces; None: its own name. Nodes on different ways may
    write the same one: where the ways meet it is that of the way that was taken."""
    next: str | None = None
    """The node that follows; None: the next one in the list."""
    time_limit: float | None = None
    """Seconds that one attempt may take."""
    attempts: int = 1
    """How often it is tried after a transient error."""
    max_cost: Decimal | None = None
    """US dollars that its model calls may cost."""
    none_on: tuple[type[AppError], ...] = ()
    """Errors after which a function, a model or an agent has no output, None, and the workflow goes on."""

    is_step: ClassVar[bool] = True
    """Whether its result is kept as a whole; otherwise the nodes that it runs are."""

    @property
    def writes(self) -> str:
        """The name of its output."""
        return self.output or self.name

    @property
    def produces(self) -> Any:
        """The type of its output."""
        raise NotImplementedError

    def or_none(self, output: Any) -> Any:
        """Return the type of an output that may be missing."""
        return output | None if self.none_on else output

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return its functions: their parameters name the outputs that it reads."""
        return ()

    def inner(self) -> Sequence["Node"]:
        """Return the nodes inside it."""
        return ()

    def targets(self) -> Sequence[str]:
        """Return the names of the nodes that it may choose to be next; none if it does not choose."""
        return ()

    async def run(self, context: Context, do: Do) -> Any:
        """Do its part and return its output."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Function(Node):
    """Code. Its parameters name the outputs that it reads."""

    call: Callable[..., Any]

    @property
    def produces(self) -> Any:
        """What the function returns."""
        return self.or_none(result(self.call))

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the function."""
        return (self.call,)

    async def run(self, context: Context, do: Do) -> Any:
        """Call the function."""
        del do
        return await call(self.call, context.values())


@dataclass(frozen=True, kw_only=True)
class Model(Node):
    """One question to a model. What people or documents said goes into `message`, not the instructions."""

    prompt: str
    """The prompt file with the instructions, such as `automation.classify`."""
    message: Callable[..., str]
    """Returns what the model is to look at."""
    output_type: type[Any] = str
    """`str`, or the Pydantic model that the answer must fit."""
    variables: Callable[..., Mapping[str, object]] | None = None
    """Returns the variables of the prompt file, if it has some."""
    model: str | None = None
    """`provider:name`; None: the one of `LLM_MODEL`."""

    @property
    def produces(self) -> Any:
        """What the model answers."""
        return self.or_none(self.output_type)

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return its functions."""
        return (self.message, self.variables) if self.variables else (self.message,)

    async def run(self, context: Context, do: Do) -> Any:
        """Ask the model."""
        from app.llm import complete, extract, load_prompt

        del do
        variables = await call(self.variables, context.values()) if self.variables else {}
        instructions = load_prompt(self.prompt).render(**variables)
        text = await call(self.message, context.values())
        options: dict[str, Any] = {
            "instructions": instructions,
            "model": self.model,
            "budget": context.budget,
        }
        if self.output_type is str:
            reply: Any = await complete(text, **options)
        else:
            reply = await extract(text, self.output_type, **options)
        context.cost += reply.cost or Decimal(0)
        return reply.output


@dataclass(frozen=True, kw_only=True)
class Agent(Node):
    """An agent that may use tools. What it has spent counts for the workflow."""

    agent: "Callable[[], agents.Agent[Any]]"
    """Makes the agent."""
    message: Callable[..., str]
    """Returns what the agent is asked."""
    output_type: type[Any] = str
    """The agent's output type."""
    history: "Callable[..., Sequence[Message]] | None" = None
    """Returns the conversation before."""

    @property
    def produces(self) -> Any:
        """What the agent answers."""
        return self.or_none(self.output_type)

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return its functions."""
        return (self.message, self.history) if self.history else (self.message,)

    async def run(self, context: Context, do: Do) -> Any:
        """Let the agent work."""
        del do
        text = await call(self.message, context.values())
        earlier = await call(self.history, context.values()) if self.history else ()
        result = await self.agent().run(text, history=earlier, budget=context.budget)
        tools = [call.name for message in result.transcript[len(earlier) :] for call in message.tool_calls]
        context.notes.append(f"{self.name}: used {', '.join(tools) or 'no tools'}")
        context.cost += result.cost or Decimal(0)
        return result.output


@dataclass(frozen=True, kw_only=True)
class Approval(Node):
    """A person decides. A durable run waits until `POST /v1/runs/{id}/decision`."""

    is_step: ClassVar[bool] = False

    question: Callable[..., Any]
    """Returns what the person is shown: a Pydantic model, or other JSON."""
    decision: type[Decision] = Decision

    @property
    def produces(self) -> Any:
        """The decision."""
        return self.decision

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return its function."""
        return (self.question,)

    async def run(self, context: Context, do: Do) -> Any:
        """Return the question; who carries out the workflow waits for the answer."""
        del do
        return await call(self.question, context.values())


@dataclass(frozen=True)
class Rule:
    """Where to go when a condition holds."""

    to: str
    when: Callable[..., bool]


@dataclass(frozen=True, kw_only=True)
class Router(Node):
    """Decides which node is next. The first rule that holds wins; a model is asked only if none does."""

    rules: Sequence[Rule]
    otherwise: "str | Model"
    """The node to go to if no rule holds, or a model whose answer has a field `to`."""
    choices: Sequence[str] = ()
    """The nodes among which the model may choose."""

    @property
    def produces(self) -> Any:
        """The name of the node that is next."""
        return str

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the conditions, and the functions of the model."""
        model = self.otherwise.functions() if isinstance(self.otherwise, Model) else ()
        return (*(rule.when for rule in self.rules), *model)

    def targets(self) -> Sequence[str]:
        """Return where it may go."""
        last = [self.otherwise] if isinstance(self.otherwise, str) else list(self.choices)
        return list(dict.fromkeys([*(rule.to for rule in self.rules), *last]))

    async def run(self, context: Context, do: Do) -> str:
        """Return the name of the node that is next."""
        for rule in self.rules:
            if await call(rule.when, context.values()):
                context.notes.append(f"{self.name}: {name_of(rule.when)} → {rule.to}")
                return rule.to
        if isinstance(self.otherwise, str):
            return self.otherwise
        chosen = (await self.otherwise.run(context, do)).to
        if chosen not in self.choices:
            raise UnknownChoice(f"{self.name}: the model chose {chosen!r}, not one of {list(self.choices)}.")
        context.notes.append(f"{self.name}: the model → {chosen}")
        return str(chosen)
