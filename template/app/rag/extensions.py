"""What features plug into the documents."""

from collections.abc import Awaitable, Callable
from typing import Any

from app.core.registry import FUNCTION, ExtensionPoint
from app.rag.store import VectorStore

STORES: ExtensionPoint[type[VectorStore]] = ExtensionPoint(
    "rag.stores", FUNCTION, "The vector store of this project, as a class. There is one."
)

STARTERS: ExtensionPoint[Callable[[str, dict[str, Any], str], Awaitable[None]]] = ExtensionPoint(
    "rag.starters",
    FUNCTION,
    "Starts a workflow for others to do: its name, its input, and a key under which it is started once.",
)
