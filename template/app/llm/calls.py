"""A call of a model, and what comes back: the types that every layer speaks."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from app.llm.budget import Budget

T = TypeVar("T")


@dataclass(frozen=True)
class Message:
    """One earlier turn of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """One question to a model."""

    prompt: str
    """What the user says. Untrusted: it is data, whatever it asks for."""

    model: str
    """`provider:name`."""

    instructions: str | None = None
    """What the model is told to do."""

    history: tuple[Message, ...] = ()
    """The conversation so far, oldest first."""

    output_type: type[Any] = str
    """`str`, or the Pydantic model that the answer must fit."""

    prompt_name: str | None = None
    """The prompt file that the instructions come from, such as `runs.echo_summary`."""

    streaming: bool = False
    """Whether text is wanted piece by piece."""

    budget: Budget = field(default_factory=Budget.from_settings, compare=False, repr=False)


@dataclass(frozen=True)
class TextDelta:
    """The next piece of a streamed answer."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Reply(Generic[T]):
    """The answer, and what it took."""

    output: T
    model: str
    """The model that answered: not the one asked for, if that one failed."""
    requests: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    """US dollars; None if the price of the model is not known."""
    seconds: float
    cached: bool = False


Event: TypeAlias = "TextDelta | Reply[Any]"
"""A call yields text pieces, if streamed, and last one `Reply`."""

Handler: TypeAlias = Callable[[Call], AsyncGenerator[Event, None]]
"""Something that carries out a call."""

Layer: TypeAlias = Callable[[Call, Handler], AsyncGenerator[Event, None]]
"""Something around every call: it may change the call, refuse it, answer itself, or try again."""
