"""What a span is called in a trace, and its attributes by the conventions of OpenTelemetry."""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from opentelemetry.trace import SpanKind
from pydantic import ConfigDict, TypeAdapter

from app.core.errors import AppError
from app.core.redaction import redact, redact_text
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
_BITS = 63
"""Of the whole numbers of OTLP."""
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
    "provider": names.PROVIDER,
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
    "guard": lambda piece: f"guard {piece.fields['guard']} {piece.fields['decision']}",
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
    for name, value in piece.scope.fields.items():
        if name in _SCOPE:
            found[_SCOPE[name]] = _identity(value)
    for name, field in piece.fields.items():
        if field is not None:
            found[_FIELDS.get(name, f"{names.OTHER}{name}")] = _plain(field)
    if piece.error:
        error = piece.error
        found[names.ERROR] = error.code if isinstance(error, AppError) else type(error).__name__
    return found


def contents_of(contents: Mapping[str, object], characters: int) -> Attributes:
    """Return what was said as JSON, without secrets and personal data.

    Each text is cut to so many characters, and so is each of the attributes: of a list the first ones go.
    """
    return {
        name: as_text(convert(value), characters)
        for kind, value in contents.items()
        if value is not None
        for name, convert in _CONTENTS.get(kind, {f"{names.SAID}{kind}": _same}).items()
    }


def _identity(value: str) -> str:
    """Return an id as it is; one that is personal data, such as an address, as a hash: it groups as well."""
    return value if masked(value) == value else f"hash:{hashlib.sha256(value.encode()).hexdigest()[:16]}"


def _plain(value: object) -> str | int | float | bool:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, int) and value.bit_length() > _BITS:
        return str(value)
    return value if isinstance(value, (int, float, bool)) else masked(str(value))


def masked(text: str) -> str:
    """Return a text without secrets and personal data."""
    return mask(redact_text(cleaned_text(text)))


def as_text(value: object, characters: int) -> str:
    """Return a value as JSON, and a text as it is, masked and cut: of a list the first items go."""
    if isinstance(value, str):
        return _cut(value, characters)
    try:
        data = _clean(redact(_ANYTHING.dump_python(value, mode="json", fallback=str)), characters)
    except ValueError:  # it holds itself
        return _cut(repr(value), characters)
    text = json.dumps(data, ensure_ascii=False)
    while isinstance(data, list) and len(data) > 1 and len(text) > characters:
        data = data[len(data) // 2 :]
        text = json.dumps(["…", *data], ensure_ascii=False)
    return _shortened(text, characters, len(text))


def _clean(data: Any, characters: int) -> Any:
    """Return data as JSON has it, each text of it masked and cut.

    A text that is JSON itself, such as the arguments of a tool, is looked into.
    """
    if isinstance(data, dict):
        return {masked(str(key)): _clean(value, characters) for key, value in data.items()}
    if isinstance(data, list):
        return [_clean(each, characters) for each in data]
    if not isinstance(data, str):
        return data
    if data[:1] in ("{", "[") and len(data) <= characters:
        with suppress(ValueError, RecursionError):
            return json.dumps(_clean(redact(json.loads(data)), characters), ensure_ascii=False)
    return _cut(data, characters)


def _cut(text: str, characters: int) -> str:
    """Return so many characters of a text, masked; what is cut in two would not be recognized, and goes."""
    shown = masked(text[: characters + _LONGEST])
    if len(text) > characters + _LONGEST:
        shown = shown[:-_LONGEST]
    return _shortened(shown, characters, len(text))


def _shortened(shown: str, characters: int, whole: int) -> str:
    """Return so many characters of what is shown, and how many of the whole are left out."""
    left_out = whole - characters
    return shown if left_out <= 0 else f"{shown[:characters]} [… {left_out} characters left out]"
