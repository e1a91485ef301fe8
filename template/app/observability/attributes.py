"""What a span is called in a trace, and its attributes by the conventions of OpenTelemetry."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from opentelemetry.trace import SpanKind
from pydantic import ConfigDict, TypeAdapter

from app.core.redaction import redact_text
from app.core.spans import Span
from app.core.text import cleaned_text
from app.observability import conventions as names
from app.observability.messages import to_instructions, to_messages
from app.privacy import mask


def _same(value: object) -> object:
    return value


Attributes = dict[str, str | int | float | bool]

_LONGEST = 400
"""Characters that a secret or personal data may have."""
_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any, config=ConfigDict(ser_json_bytes="base64"))

_FIELDS = {
    "agent": names.AGENT,
    "cost": names.COST,
    "first_piece_seconds": names.TIME_TO_FIRST_CHUNK,
    "input_tokens": names.INPUT_TOKENS,
    "method": names.METHOD,
    "model": names.REQUEST_MODEL,
    "output_tokens": names.OUTPUT_TOKENS,
    "path": names.PATH,
    "prompt": names.PROMPT,
    "prompt_version": names.PROMPT_VERSION,
    "route": names.ROUTE,
    "status": names.STATUS_CODE,
    "tool": names.TOOL,
}
_SCOPE = {
    "caller": names.USER,
    "conversation": names.CONVERSATION,
    "node": names.NODE,
    "request_id": names.REQUEST,
    "run_id": names.RUN,
    "workflow": names.WORKFLOW,
}
_CONTENTS: dict[str, dict[str, Callable[[Any], object]]] = {
    "arguments": {names.TOOL_ARGUMENTS: _same},
    "documents": {names.RETRIEVAL_DOCUMENTS: _same},
    "messages": {names.SYSTEM_INSTRUCTIONS: to_instructions, names.INPUT_MESSAGES: to_messages},
    "query": {names.RETRIEVAL_QUERY: _same},
    "response": {names.OUTPUT_MESSAGES: lambda response: to_messages([response])},
    "result": {names.TOOL_RESULT: _same},
}
CONTENTS = frozenset(name for converters in _CONTENTS.values() for name in converters)
"""The attributes that hold what was said."""

_OPERATIONS = {
    "agent": "invoke_agent",
    "embedding": "embeddings",
    "model_call": "chat",
    "retrieval": "retrieval",
    "tool": "execute_tool",
}
_TITLES: dict[str, Callable[[Span], str]] = {
    "agent": lambda piece: f"invoke_agent {piece.fields['agent']}",
    "embedding": lambda piece: f"embeddings {piece.fields['model']}",
    "model_call": lambda piece: f"chat {piece.fields['model']}",
    "node": lambda piece: f"node {piece.scope.node}",
    "request": lambda piece: f"{piece.fields['method']} {piece.fields.get('route') or ''}".strip(),
    "retrieval": lambda piece: f"retrieval {piece.fields.get('profile', '')}".strip(),
    "run": lambda piece: f"run {piece.scope.workflow}",
    "tool": lambda piece: f"execute_tool {piece.fields['tool']}",
}
_KINDS = {"request": SpanKind.SERVER, "run": SpanKind.CONSUMER, "model_call": SpanKind.CLIENT}


def title_of(piece: Span) -> str:
    """Return the name of a span: what is done, and with what."""
    title = _TITLES.get(piece.name)
    return title(piece) if title else piece.name


def kind_of(piece: Span) -> SpanKind:
    """Return how a span stands to others: served, sent, or inside."""
    return _KINDS.get(piece.name, SpanKind.INTERNAL)


def attributes_of(piece: Span) -> Attributes:
    """Return what is known of a span besides what was said in it."""
    found: Attributes = {names.KIND: piece.name}
    if operation := _OPERATIONS.get(piece.name):
        found[names.OPERATION] = operation
    found |= {_SCOPE[name]: value for name, value in piece.scope.fields.items() if name in _SCOPE}
    for name, value in piece.fields.items():
        if value is not None:
            found[_FIELDS.get(name, f"{names.OTHER}{name}")] = _plain(value)
    if piece.error:
        found[names.ERROR] = getattr(piece.error, "code", type(piece.error).__name__)
    return found


def contents_of(contents: Mapping[str, object], characters: int) -> Attributes:
    """Return what was said as JSON, without secrets and personal data, each cut to so many characters."""
    return {
        name: _as_text(convert(value), characters)
        for kind, value in contents.items()
        if value is not None
        for name, convert in _CONTENTS.get(kind, {f"{names.OTHER}{kind}": _same}).items()
    }


def _plain(value: object) -> str | int | float | bool:
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, (int, float, bool)) else masked(str(value))


def masked(text: str) -> str:
    """Return a text without secrets and personal data."""
    return mask(redact_text(cleaned_text(text)))


def _as_text(value: object, characters: int) -> str:
    if not isinstance(value, str):
        try:
            value = _ANYTHING.dump_json(value, fallback=str).decode()
        except ValueError:  # a lone surrogate, or what holds itself
            value = repr(value)
    text = masked(value[: characters + _LONGEST])
    if len(value) > characters + _LONGEST:
        text = text[:-_LONGEST]  # what is cut in two is not recognized
    left_out = len(value) - characters
    return text if left_out <= 0 else f"{text[:characters]} [… {left_out} characters left out]"
