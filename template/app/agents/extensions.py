"""What features plug into agents."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from app.core.registry import FUNCTION, ExtensionPoint


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

    async def call(self, arguments: Mapping[str, Any]) -> str:
        """Call it. Raises an `AppError`."""
        ...


TOOLSETS: ExtensionPoint[Callable[[], AbstractAsyncContextManager[Sequence[ExternalTool]]]] = ExtensionPoint(
    "agents.toolsets", FUNCTION, "Tools that agents may use, open for as long as an agent works."
)
