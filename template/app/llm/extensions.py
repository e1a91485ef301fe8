"""What features plug into model calls."""

from app.core.registry import FUNCTION, ExtensionPoint
from app.llm.calls import Handler, Layer

LAYERS: ExtensionPoint[Layer] = ExtensionPoint(
    "llm.layers", FUNCTION, "Layers around every call of a model, the first one outermost."
)

ANSWERERS: ExtensionPoint[Handler] = ExtensionPoint(
    "llm.answerers", FUNCTION, "What `app ask --documents` asks: by name, such as documents."
)
