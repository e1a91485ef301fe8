"""What features plug into the export of traces."""

from collections.abc import Callable

from app.core.registry import FUNCTION, ExtensionPoint

EXPORTS: ExtensionPoint[Callable[[str, int, bool], object]] = ExtensionPoint(
    "observability.exports",
    FUNCTION,
    "What is told of every batch of spans: where it went, how many, and whether they were taken.",
)
