"""What features plug into the research team."""

from collections.abc import Sequence
from typing import Protocol

from app.core.quotations import Passage
from app.core.registry import ExtensionPoint


class Library(Protocol):
    """Sources that may be searched and read, with the rights of the caller."""

    async def has_any(self) -> bool:
        """Whether there is any source that the caller may read."""

    async def search(self, query: str, limit: int) -> Sequence[Passage]:
        """Return the best passages for a query."""

    async def passages(self, source: str) -> Sequence[Passage]:
        """Return the whole text of a source, in its passages; none if there is no such source."""


LIBRARIES: ExtensionPoint[Library] = ExtensionPoint(
    "systems.multi_agent.libraries",
    object,
    "Documents that the research team reads, where RESEARCH_SOURCES names no folder.",
)
