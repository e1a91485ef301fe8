"""What features plug into model calls."""

from collections.abc import Callable

from app.core.registry import FUNCTION, ExtensionPoint
from app.llm.calls import Handler, Layer
from app.llm.metering import Meter
from app.llm.prompts import Prompt

LAYERS: ExtensionPoint[Layer] = ExtensionPoint(
    "llm.layers", FUNCTION, "Layers around every call of a model, the first one outermost."
)

METERS: ExtensionPoint[Meter] = ExtensionPoint(
    "llm.meters", FUNCTION, "What stands around every request to a model or embedder, such as the ledger."
)

PROMPT_SOURCES: ExtensionPoint[Callable[[Prompt], Prompt | None]] = ExtensionPoint(
    "llm.prompt_sources",
    FUNCTION,
    "What may have another version of a prompt than its file; None: it has none. Never waits.",
)

ANSWERERS: ExtensionPoint[Handler] = ExtensionPoint(
    "llm.answerers", FUNCTION, "What `app ask --documents` asks: by name, such as documents."
)
