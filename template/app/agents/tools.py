"""Tools: what a model may call. What the model sends is validated, and it is shown what goes wrong.

A tool is a typed function (`tool`), another agent (`as_tool`), or comes from elsewhere, such as an MCP server
(`open_tools`). What tools say is data: an agent's instructions say so, and nothing here acts on it.
"""

import asyncio
import inspect
import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, get_type_hints

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from app.agents.extensions import TOOL_GUARDS, TOOLSETS, ExternalTool, ToolUse
from app.core.errors import AppError, field_errors
from app.core.spans import span
from app.core.threads import run_in_thread
from app.llm import Budget, Message, Tool

if TYPE_CHECKING:
    from app.agents.agent import Agent

log = structlog.get_logger(__name__)

_said_above: ContextVar[tuple[Message, ...]] = ContextVar("said_above", default=())
"""What was said to the agents that have this one as a tool: a task may come from what they have read."""


@dataclass(frozen=True)
class ToolContext:
    """What a tool may need to know of the run that calls it."""

    agent: str
    conversation: Sequence[Message]
    """What was said so far."""
    budget: Budget
    seconds: float
    """How long a function may take."""
    agent_seconds: float
    """How long another agent may take."""
    characters: int
    """How much of what it says is passed on."""
    add_cost: Callable[[Decimal | None], None]
    """Takes what the tool has cost, in US dollars."""

    def use(self, tool: str, arguments: Mapping[str, Any], *, is_irreversible: bool = False) -> ToolUse:
        """Return what guards look at before a call."""
        return ToolUse(self.agent, tool, arguments, is_irreversible, self.heard())

    def heard(self) -> tuple[Message, ...]:
        """Return what was said so far, to the agents above first."""
        return (*_said_above.get(), *self.conversation)


class AgentTool(Protocol):
    """Something that a model may call."""

    @property
    def name(self) -> str:
        """Letters, digits, `_` and `-`."""
        ...

    def definition(self) -> Tool:
        """Return the definition that the model sees."""
        ...

    async def call(self, arguments: str, context: ToolContext) -> str:
        """Call it with the model's arguments (JSON). What goes wrong is returned as text, not raised."""
        ...


@dataclass(frozen=True)
class FunctionTool:
    """A function as a tool."""

    name: str
    description: str
    arguments: type[BaseModel]
    function: Callable[..., Any]
    seconds: float | None = None
    """Its own time limit."""
    is_irreversible: bool = False

    def definition(self) -> Tool:
        """Return the definition that the model sees."""
        return Tool(self.name, self.description, self.arguments.model_json_schema())

    async def call(self, arguments: str, context: ToolContext) -> str:
        """Call the function."""
        try:
            values = dict(self.arguments.model_validate_json(arguments or "{}"))
        except ValidationError as error:
            return f"The arguments are wrong: {format_errors(error)}."
        use = context.use(self.name, values, is_irreversible=self.is_irreversible)
        seconds = self.seconds or context.seconds
        text = await _call_guarded(use, lambda: self._outcome(values), seconds)
        return _truncated(text, context.characters)

    async def _outcome(self, values: Mapping[str, Any]) -> str:
        if inspect.iscoroutinefunction(self.function):
            return _text(await self.function(**values))
        return _text(await run_in_thread(self.function, **values))


def tool(
    function: Callable[..., Any], *, seconds: float | None = None, irreversible: bool = False
) -> FunctionTool:
    """Make a tool of a function: its name, its docstring and the types of its parameters.

    `irreversible`: what it does cannot be undone. A guard may want a person to decide about it.

    A function that is not async runs in a thread, which goes on after a timeout until it ends by itself.
    Raises `TypeError` if the function has no types or no docstring.
    """
    name = getattr(function, "__name__", "tool")
    description = inspect.getdoc(function)
    if not description:
        raise TypeError(f"{name}() needs a docstring: the model reads it.")
    hints = get_type_hints(function)
    fields: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in hints:
            raise TypeError(f"{name}() needs a type for its parameter {parameter.name!r}.")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    arguments = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
    return FunctionTool(name, description, arguments, function, seconds, irreversible)


class _Task(BaseModel):
    model_config = ConfigDict(extra="forbid")

    task: str = Field(min_length=1, description="All it needs to know: it has not seen this conversation.")


@dataclass(frozen=True)
class _AgentAsTool:
    agent: "Agent[Any]"

    @property
    def name(self) -> str:
        return f"ask_{self.agent.name}"

    def definition(self) -> Tool:
        return Tool(self.name, self.agent.description, _Task.model_json_schema())

    async def call(self, arguments: str, context: ToolContext) -> str:
        try:
            task = _Task.model_validate_json(arguments or "{}").task
        except ValidationError as error:
            return f"The arguments are wrong: {format_errors(error)}."

        async def ask() -> str:
            token = _said_above.set(context.heard())
            try:
                result = await self.agent.run(task, budget=context.budget)
            finally:
                _said_above.reset(token)
            context.add_cost(result.cost)
            return _text(result.output)

        text = await _call_guarded(context.use(self.name, {"task": task}), ask, context.agent_seconds)
        return _truncated(text, context.characters)


def as_tool(agent: "Agent[Any]") -> AgentTool:
    """Make a tool of an agent: another one may ask it. Both spend the same budget."""
    return _AgentAsTool(agent)


_ARGUMENTS = TypeAdapter(dict[str, Any])


@dataclass(frozen=True)
class _ExternalTool:
    name: str
    external: ExternalTool

    def definition(self) -> Tool:
        return Tool(self.name, self.external.description, self.external.parameters)

    async def call(self, arguments: str, context: ToolContext) -> str:
        try:
            values = _ARGUMENTS.validate_json(arguments or "{}")
        except ValidationError as error:
            return f"The arguments are wrong: {format_errors(error)}."
        use = context.use(self.name, values, is_irreversible=self.external.is_irreversible)
        text = await _call_guarded(use, lambda: self.external.call(values), self.external.seconds)
        return _truncated(text, context.characters)


Toolset = Callable[[], AbstractAsyncContextManager[Sequence[AgentTool]]]
"""Tools that are open for as long as an agent works."""


@asynccontextmanager
async def open_tools() -> AsyncGenerator[Sequence[AgentTool], None]:
    """Give the tools that other features bring, such as those of MCP servers."""
    async with AsyncExitStack() as stack:
        found: dict[str, AgentTool] = {}
        for toolset in TOOLSETS.load().values():
            for external in await stack.enter_async_context(toolset()):
                name = _free_name(external.name, found)
                found[name] = _ExternalTool(name, external)
        yield list(found.values())


def _free_name(name: str, taken: Mapping[str, object]) -> str:
    """Return a name that providers accept and that no other tool has."""
    wanted = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:60] or "tool"
    return next(n for n in (wanted, *(f"{wanted}_{i}" for i in range(2, 1000))) if n not in taken)


async def _call_guarded(use: ToolUse, work: Callable[[], Any], seconds: float) -> str:
    """Return what a tool says; what goes wrong is said instead, so that the model can react."""
    limit = asyncio.timeout(seconds)
    try:
        with span("tool", tool=use.tool) as piece:
            piece.say(arguments=use.arguments)
            for check in TOOL_GUARDS.load().values():
                check(use)
            async with limit:
                result = str(await work())
            piece.say(result=result)
            return result
    except TimeoutError:
        if not limit.expired():
            return "The tool failed: it timed out."
        return f"The tool did not answer within {seconds:g} seconds."
    except AppError as error:
        log.info("tool.failed", tool=use.tool, error=error.detail)
        return f"The tool failed: {error}"
    except Exception:
        log.exception("tool.broken", tool=use.tool)
        return "The tool failed."


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, BaseModel):
        return value.model_dump_json()
    return json.dumps(value, ensure_ascii=False, default=str)


def _truncated(text: str, characters: int) -> str:
    if len(text) <= characters:
        return text
    return f"{text[:characters]} [… {len(text) - characters} characters left out]"


def format_errors(error: ValidationError) -> str:
    """Return the problems of a value in one line."""
    return "; ".join(f"{wrong.field or 'it'}: {wrong.message}" for wrong in field_errors(error))
