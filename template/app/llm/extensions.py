"""What features plug into model calls."""

from app.core.registry import FUNCTION, ExtensionPoint
from app.llm.calls import Layer

LAYERS: ExtensionPoint[Layer] = ExtensionPoint(
    "llm.layers", FUNCTION, "Layers around every call of a model, the first one outermost."
)
