"""What features plug into agents."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from app.core.registry import FUNCTION, ExtensionPoint
from app.llm import Message


class ExternalTool(Protocol):
    """A tool that another feature brings."""

    @property
    def name(self) -> str:
        """Its name, as its owner calls it."""
        ...

    @property
    def description(self) -> str:
        """The description that the model sees."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """JSON schema of the arguments."""
        ...

    @property
    def seconds(self) -> float:
        """How long a call may take."""
        ...

    @property
    def is_irreversible(self) -> bool:
        """Whether its owner says that what it does cannot be undone."""
        ...

    async def call(self, arguments: Mapping[str, Any]) -> str:
        """Call it. Raises an `AppError`."""
        ...


TOOLSETS: ExtensionPoint[Callable[[], AbstractAsyncContextManager[Sequence[ExternalTool]]]] = ExtensionPoint(
    "agents.toolsets", FUNCTION, "Tools that agents may use, open for as long as an agent works."
)


@dataclass(frozen=True)
class ToolUse:
    """A tool that is about to be called."""

    agent: str
    tool: str
    arguments: Mapping[str, Any]
    is_irreversible: bool
    conversation: Sequence[Message]
    """What was said so far, to the agents that have this one as a tool too."""


TOOL_GUARDS: ExtensionPoint[Callable[[ToolUse], None]] = ExtensionPoint(
    "agents.tool_guards",
    FUNCTION,
    "Called before each tool: raises an `AppError`, which the model is shown, if it must not be called.",
)
