"""What an agent is to the rest of the application, whatever framework carries it out."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Literal, Protocol, TypeVar

from app.llm import Budget, Message

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How far an agent may go."""

    steps: int = 10
    """Questions to the model: each uses tools, or is the answer, or a correction of it."""
    corrections: int = 2
    """How often an answer that does not fit may be corrected."""
    hand_offs: int = 3
    """How often the conversation may be handed over."""
    tool_seconds: float = 30.0
    """How long one call of a function may take. A tool of an MCP server has a limit of its own."""
    agent_seconds: float = 300.0
    """How long another agent that is asked as a tool may take."""
    tool_characters: int = 20_000
    """How much of what a tool says is shown to the model."""


@dataclass(frozen=True)
class AgentEvent:
    """One thing that an agent does: it says a piece of text, calls a tool, or hands the conversation over."""

    kind: Literal["text", "tool_call", "tool_result", "hand_off"]
    text: str
    """The piece, the arguments (JSON), what the tool said, or why the conversation is handed over."""
    name: str | None = None
    """The tool, or the agent that goes on."""


@dataclass(frozen=True, kw_only=True)
class AgentResult(Generic[T]):
    """The answer, and how it came about."""

    output: T
    agent: str
    """Who has answered: another one, if the conversation was handed over."""
    transcript: Sequence[Message]
    """The whole conversation; pass it as `history` to go on."""
    steps: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    """US dollars, with those of other agents that it asked; None if a price is not known."""


class Agent(Protocol[T]):
    """A model with instructions, tools, an output type and limits. `make_agent` makes one."""

    name: str
    description: str
    """The description that other agents see."""

    async def run(
        self, prompt: str, *, history: Sequence[Message] = (), budget: Budget | None = None
    ) -> AgentResult[T]:
        """Answer. Raises an `AgentError` or an `LLMError`, each with the transcript in its `details`."""
        ...

    def stream(
        self, prompt: str, *, history: Sequence[Message] = (), budget: Budget | None = None
    ) -> AsyncGenerator[AgentEvent | AgentResult[T], None]:
        """Yield what the agent does as it does it, and last the result."""
        ...
