"""What features plug into the OpenAI-compatible endpoint."""

from collections.abc import Callable

from app.core.registry import ExtensionPoint
from app.llm import Handler

MODELS: ExtensionPoint[Handler] = ExtensionPoint(
    "chat.models", Callable, "What clients may ask for by name, besides the models of providers."
)
