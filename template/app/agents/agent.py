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
    tool_seconds: float = 30.0
    """How long one call of a tool may take."""


@dataclass(frozen=True)
class AgentEvent:
    """One thing that an agent does: it says a piece of text, calls a tool, or has its result."""

    kind: Literal["text", "tool_call", "tool_result"]
    text: str
    """The piece, the arguments (JSON), or what the tool said."""
    tool: str | None = None


@dataclass(frozen=True, kw_only=True)
class AgentResult(Generic[T]):
    """The answer, and how it came about."""

    output: T
    transcript: Sequence[Message]
    """The whole conversation; pass it as `history` to go on."""
    steps: int
    cost: Decimal | None
    """US dollars; None if a price is not known."""


class Agent(Protocol[T]):
    """A model with instructions, tools and an output type."""

    name: str

    async def run(
        self, prompt: str, *, history: Sequence[Message] = (), budget: Budget | None = None
    ) -> AgentResult[T]:
        """Answer. Raises `AgentError` with the transcript, or an `LLMError`."""
        ...

    def stream(
        self, prompt: str, *, history: Sequence[Message] = (), budget: Budget | None = None
    ) -> AsyncGenerator[AgentEvent | AgentResult[T], None]:
        """Yield what the agent does as it does it, and last the result."""
        ...
