"""What all adapters share: an agent's definition, and the conversation around one run of it."""

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar

from app.agents.agent import AgentEvent, AgentResult, Limits
from app.agents.errors import TooManySteps, keep_transcript
from app.agents.tools import AgentTool, ToolContext, Toolset
from app.core.errors import AppError, ConfigurationError
from app.core.spans import span
from app.core.streams import in_own_task
from app.llm import Budget, Message, RenderedPrompt, Reply

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")

ANSWER = "answer"
"""The tool by which a model gives a structured answer."""


@dataclass
class Work:
    """One run: it grows while agents work on it."""

    transcript: list[Message]
    budget: Budget
    streaming: bool
    """Whether text is wanted piece by piece."""
    tools: Mapping[str, AgentTool] = field(default_factory=dict)
    """Those of the agent that is at work, by name."""
    steps: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = field(default_factory=Decimal)

    def count(self, reply: Reply[Any]) -> None:
        """Add what an answer of the model has taken."""
        self.steps += 1
        self.input_tokens += reply.input_tokens
        self.output_tokens += reply.output_tokens
        self.add_cost(reply.cost)

    def add_cost(self, cost: Decimal | None) -> None:
        """Add US dollars; None makes the sum unknown."""
        self.cost = None if self.cost is None or cost is None else self.cost + cost


@dataclass(frozen=True)
class Answer(Generic[T]):
    """The agent is done."""

    output: T


@dataclass(frozen=True)
class HandOff(Generic[T]):
    """The agent hands the conversation over."""

    agent: "BaseAgent[T]"
    reason: str


class BaseAgent(ABC, Generic[T]):
    """An agent without the loop: an adapter brings `work`, which a framework carries out."""

    def __init__(
        self,
        name: str,
        instructions: str | RenderedPrompt,
        *,
        output_type: type[T],
        description: str = "",
        tools: Sequence[AgentTool] = (),
        toolsets: Sequence[Toolset] = (),
        hand_offs: "Sequence[BaseAgent[T]]" = (),
        model: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        if not _NAME.fullmatch(name):
            raise TypeError(f"The name of an agent has letters, digits, _ and - alone, not {name!r}.")
        self.name = name
        self.instructions = instructions
        self.output_type = output_type
        self.description = description
        self.tools = tools
        self.toolsets = toolsets
        self.hand_offs = {f"hand_off_to_{agent.name}": agent for agent in hand_offs}
        self.model = model
        self.limits = limits or Limits()

    @abstractmethod
    def work(self, work: Work) -> AsyncGenerator[AgentEvent | Answer[T] | HandOff[T], None]:
        """Answer the last message of the transcript, or hand it over; append what is said on the way."""

    async def run(
        self, prompt: str, *, history: Sequence[Message] = (), budget: Budget | None = None
    ) -> AgentResult[T]:
        """Answer."""
        async with aclosing(self._events(prompt, history, budget, streaming=False)) as events:
            async for event in events:
                if isinstance(event, AgentResult):
                    return event
        raise AssertionError("an agent's work ends with a result")

    async def stream(
        self, prompt: str, *, history: Sequence[Message] = (), budget: Budget | None = None
    ) -> AsyncGenerator[AgentEvent | AgentResult[T], None]:
        """Yield what the agent does as it does it, and last the result."""
        async with aclosing(self._events(prompt, history, budget, streaming=True)) as events:
            async for event in events:
                yield event

    async def _events(
        self, prompt: str, history: Sequence[Message], budget: Budget | None, *, streaming: bool
    ) -> AsyncGenerator[AgentEvent | AgentResult[T], None]:
        work = Work([*history, Message("user", prompt)], budget or Budget.from_settings(), streaming)
        try:
            # tools hold contexts (of MCP servers) that must be left by the task that has entered them,
            # whatever task of the caller's takes the next event
            async with aclosing(in_own_task(self._with_hand_offs(work))) as events:
                async for event in events:
                    yield event
        except AppError as error:
            keep_transcript(error, work.transcript)
            raise

    async def _with_hand_offs(self, work: Work) -> AsyncGenerator[AgentEvent | AgentResult[T], None]:
        agent: BaseAgent[T] = self
        for _ in range(self.limits.hand_offs + 1):
            following: HandOff[T] | None = None
            with span("agent", agent=agent.name):
                async with agent._open_tools() as work.tools, aclosing(agent.work(work)) as events:
                    async for event in events:
                        if isinstance(event, Answer):
                            yield _result(agent.name, event.output, work)
                            return
                        if isinstance(event, HandOff):
                            following = event
                        else:
                            yield event
            assert following, "an agent's work ends with an answer, a hand-off or an error"
            agent = following.agent
            yield AgentEvent("hand_off", following.reason, agent.name)
        raise TooManySteps(f"The conversation was handed over more than {self.limits.hand_offs} times.")

    @asynccontextmanager
    async def _open_tools(self) -> AsyncGenerator[Mapping[str, AgentTool], None]:
        async with AsyncExitStack() as stack:
            opened = [await stack.enter_async_context(toolset()) for toolset in self.toolsets]
            tools = [tool for tools in (self.tools, *opened) for tool in tools]
            reserved = {ANSWER, *self.hand_offs}
            names = Counter(tool.name for tool in tools)
            if wrong := [name for name in names if names[name] > 1 or name in reserved]:
                raise ConfigurationError(f"Agent {self.name!r}: tools share the name {wrong[0]!r}.")
            yield {tool.name: tool for tool in tools}

    def tool_context(self, work: Work) -> ToolContext:
        """Return what tools need to know of a run."""
        return ToolContext(
            agent=self.name,
            conversation=work.transcript,
            budget=work.budget,
            seconds=self.limits.tool_seconds,
            agent_seconds=self.limits.agent_seconds,
            characters=self.limits.tool_characters,
            add_cost=work.add_cost,
        )


def _result(agent: str, output: T, work: Work) -> AgentResult[T]:
    return AgentResult(
        output=output,
        agent=agent,
        transcript=tuple(work.transcript),
        steps=work.steps,
        input_tokens=work.input_tokens,
        output_tokens=work.output_tokens,
        cost=work.cost,
    )
