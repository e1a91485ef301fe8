"""What features plug into document processing."""

from typing import Protocol

from app.core.registry import FUNCTION, ExtensionPoint


class Remember(Protocol):
    """Returns the token under which a document was accepted first; with `token`, after keeping that."""

    async def __call__(self, key: str, token: str | None) -> str | None: ...


ACCEPTED: ExtensionPoint[Remember] = ExtensionPoint(
    "systems.document_processing.accepted",
    FUNCTION,
    "Where accepted documents are remembered. The first one counts.",
)
