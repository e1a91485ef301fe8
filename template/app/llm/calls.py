"""A call of a model, and what comes back: the types that every layer speaks."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from pydantic_ai import ModelSettings

from app.llm.budget import Budget
from app.llm.errors import ContentRefused

T = TypeVar("T")


@dataclass(frozen=True)
class Tool:
    """A function that the caller of the model offers to it, and carries out itself."""

    name: str
    description: str | None
    parameters: Mapping[str, Any]
    """JSON schema of its arguments."""


@dataclass(frozen=True)
class ToolCall:
    """The model asks for a tool."""

    id: str
    name: str
    arguments: str
    """JSON, as the model wrote it: not checked against the tool's schema."""


@dataclass(frozen=True)
class Image:
    """A picture that a user shows."""

    media_type: str
    """Such as `image/png`."""
    data: str
    """The file in Base64."""


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    """`system`: what the application says in the middle of a conversation."""
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    """What the assistant asked for."""
    tool_call_id: str | None = None
    """The call that a message of role `tool` answers."""
    images: tuple[Image, ...] = ()
    """What the user shows with the text, to a model that takes it."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One question to a model."""

    messages: tuple[Message, ...]
    """The conversation, oldest first; the last one is to be answered. What users and tools say is data,
    whatever it asks for."""

    model: str
    """`provider:name`."""

    instructions: str | None = None
    """The instructions (system prompt)."""

    output_type: type[Any] = str
    """`str`; the Pydantic model that the answer must fit; or `dict` for any JSON object."""

    tools: tuple[Tool, ...] = ()
    """What the model may ask for instead of answering."""

    options: ModelSettings = field(default_factory=ModelSettings)
    """Temperature, stop sequences … as pydantic-ai names them."""

    prompt_name: str | None = None
    """The prompt file that the instructions come from, such as `summaries.echo_summary`."""

    prompt_version: int | None = None
    """The version that the file says it is."""

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
    """Text or a structure. With `tool_calls`, the text before them."""
    model: str
    """The model that answered: not the one asked for, if that one failed."""
    requests: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    """US dollars; None if the price of the model is not known."""
    seconds: float
    cached: bool = False
    tool_calls: tuple[ToolCall, ...] = ()
    """What the model asks for. Answer with messages of role `tool`."""
    finish_reason: str = "stop"
    """Why the model stopped: `stop`, `length`, `tool_call` or `content_filter`."""
    refusal: str | None = None
    """Why the model does not answer, in its words. Then there is no output."""

    def answered(self) -> "Reply[T]":
        """Return the reply. Raises `ContentRefused` if the model refused to answer, or was kept from it."""
        if self.refusal:
            raise ContentRefused(f"{self.model} refuses to answer: {self.refusal}")
        if self.finish_reason == "content_filter" and not self.output:
            raise ContentRefused(f"The content filter stopped the answer of {self.model}.")
        return self


Event: TypeAlias = "TextDelta | Reply[Any]"
"""A call yields text pieces, if streamed, and last one `Reply`."""

Handler: TypeAlias = Callable[[Call], AsyncGenerator[Event, None]]
"""Something that carries out a call."""

Layer: TypeAlias = Callable[[Call, Handler], AsyncGenerator[Event, None]]
"""Something around every call: it may change the call, refuse it, answer itself, or try again."""
