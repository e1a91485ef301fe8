"""What features show to MCP clients, besides workflows and prompts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.core.registry import ExtensionPoint


class ServedTool(Protocol):
    """A tool that is answered at once, with the rights of the caller."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def description(self) -> str:
        """The description that the model sees."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """JSON schema of the arguments."""
        ...

    async def call(self, arguments: Mapping[str, Any]) -> str:
        """Call it. Raises an `AppError`, also if the caller may not."""
        ...


@dataclass(frozen=True)
class ServedResource:
    """Something that clients may read."""

    uri: str
    name: str
    description: str = ""
    media_type: str = "text/plain"


class ResourceLibrary(Protocol):
    """Resources of one kind, those that the caller may read."""

    scheme: str
    """With which their URIs begin, such as `document`."""

    async def page(self, cursor: str | None) -> tuple[Sequence[ServedResource], str | None]:
        """Return some of them, and where the next page begins; none to a caller who may read none."""
        ...

    async def read(self, uri: str) -> str:
        """Return the text of one. Raises an `AppError`."""
        ...


TOOLS: ExtensionPoint[ServedTool] = ExtensionPoint(
    "mcp.server.tools", object, "Tools for MCP clients that are answered at once, not by a run."
)

LIBRARIES: ExtensionPoint[ResourceLibrary] = ExtensionPoint(
    "mcp.server.resources", object, "Resources for MCP clients, such as documents."
)
