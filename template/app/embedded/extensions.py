"""What features plug into the embedded servers."""

from pathlib import Path
from typing import ClassVar, Protocol

from app.core.registry import ExtensionPoint


class Server(Protocol):
    """A server that a project can start by itself, with its data in one folder."""

    name: ClassVar[str]
    """As it is called in messages; its folder has the same name in small letters."""

    def __init__(self, folder: Path) -> None: ...

    def url(self) -> str:
        """Return the URL of the running server, with its password."""

    def is_running(self) -> bool:
        """Whether it answers."""

    def is_intact(self) -> bool:
        """Whether its files are there."""

    def pid(self) -> int | None:
        """Return its process, as its files say."""

    def start(self, port: int | None = None) -> None:
        """Start it, on a free port or on this one. Raises `EmbeddedServerError`."""

    def stop(self) -> None:
        """Stop it; what it holds is kept."""


SERVERS: ExtensionPoint[type[Server]] = ExtensionPoint(
    "embedded.servers",
    type,
    "Servers that start where a variable with their URL is not set, by variable.",
)
