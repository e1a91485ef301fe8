"""The messages of a model call in the form of OpenTelemetry's conventions; pydantic-ai converts them."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models.instrumented import InstrumentationSettings


def to_messages(messages: "Sequence[ModelMessage]") -> list[Any]:
    """Return messages as `[{"role": …, "parts": [{"type": "text", "content": …}]}]`."""
    return list(_converter().messages_to_otel_messages(list(messages)))


def to_instructions(messages: "Sequence[ModelMessage]") -> list[Any]:
    """Return the instructions of the last message that has any, as parts."""
    said = (getattr(message, "instructions", None) for message in reversed(messages))
    return [{"type": "text", "content": text} for text in said if text][:1]


@cache
def _converter() -> "InstrumentationSettings":
    from pydantic_ai.models.instrumented import InstrumentationSettings

    return InstrumentationSettings(version=6, include_binary_content=False)  # its newest format
