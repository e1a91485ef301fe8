"""What features plug into model calls."""

from app.core.registry import FUNCTION, ExtensionPoint
from app.llm.calls import Handler, Layer
from app.llm.metering import Meter

LAYERS: ExtensionPoint[Layer] = ExtensionPoint(
    "llm.layers", FUNCTION, "Layers around every call of a model, the first one outermost."
)

METERS: ExtensionPoint[Meter] = ExtensionPoint(
    "llm.meters", FUNCTION, "What stands around every request to a model or embedder, such as the ledger."
)

ANSWERERS: ExtensionPoint[Handler] = ExtensionPoint(
    "llm.answerers", FUNCTION, "What `app ask --documents` asks: by name, such as documents."
)
