"""What features plug into model calls."""

from collections.abc import Callable

from app.core.registry import ExtensionPoint
from app.llm.calls import Layer

LAYERS: ExtensionPoint[Layer] = ExtensionPoint(
    "llm.layers", Callable, "Layers around every call of a model, the first one outermost."
)
