"""What features plug into the OpenAI-compatible endpoint."""

from app.core.registry import FUNCTION, ExtensionPoint
from app.llm import Handler

MODELS: ExtensionPoint[Handler] = ExtensionPoint(
    "openai.models", FUNCTION, "What clients may ask for by name, besides the models of providers."
)
