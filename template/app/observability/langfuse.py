"""Spans for Langfuse: it takes OpenTelemetry's, and knows some things by names of its own.

They go to its OpenTelemetry endpoint (https://langfuse.com/integrations/native/opentelemetry), which its
servers have from version 3 on; its SDK is not needed for that.
"""

import json
from base64 import b64encode

from app.core.spans import Span
from app.observability import conventions as names
from app.observability.attributes import Attributes
from app.observability.settings import LangfuseSettings

_TYPES = {
    "agent": "agent",
    "embedding": "embedding",
    "model_call": "generation",
    "retrieval": "retriever",
    "tool": "tool",
}
_INPUTS = (names.INPUT_MESSAGES, names.TOOL_ARGUMENTS, names.RETRIEVAL_QUERY)
_OUTPUTS = (names.OUTPUT_MESSAGES, names.TOOL_RESULT, names.RETRIEVAL_DOCUMENTS)


def endpoint(settings: LangfuseSettings) -> str:
    """Return the URL that spans are sent to."""
    return f"{settings.host.rstrip('/')}/api/public/otel/v1/traces"


def langfuse_headers(settings: LangfuseSettings) -> dict[str, str]:
    """Return the headers that spans are sent with."""
    secret = settings.secret_key.get_secret_value() if settings.secret_key else ""
    key = b64encode(f"{settings.public_key}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {key}", "x-langfuse-ingestion-version": "4"}


def attributes_for_langfuse(piece: Span, known: Attributes) -> Attributes:
    """Return what Langfuse knows by other names, of what is known of a span."""
    settings = LangfuseSettings.load()
    usage = {"input": known.get(names.INPUT_TOKENS), "output": known.get(names.OUTPUT_TOKENS)}
    found: dict[str, str | int | float | bool | None] = {
        "langfuse.observation.type": _TYPES.get(piece.name, "span"),
        "langfuse.environment": settings.environment(),
        "langfuse.release": settings.release,
        "langfuse.trace.name": piece.scope.workflow,
        "session.id": known.get(names.CONVERSATION),
        "langfuse.observation.input": _first(known, _INPUTS),
        "langfuse.observation.output": _first(known, _OUTPUTS),
        "langfuse.observation.usage_details": json.dumps(usage) if usage["input"] is not None else None,
        "langfuse.observation.cost_details": (
            json.dumps({"total": known[names.COST]}) if names.COST in known else None
        ),
        "langfuse.observation.metadata.prompt": known.get(names.PROMPT),
        "langfuse.observation.metadata.prompt_version": known.get(names.PROMPT_VERSION),
    }
    return {name: value for name, value in found.items() if value is not None}


def _first(known: Attributes, wanted: tuple[str, ...]) -> str | int | float | bool | None:
    return next((known[name] for name in wanted if name in known), None)
