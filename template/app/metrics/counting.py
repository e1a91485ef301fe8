"""What a piece of work (`app/core/spans.py`) adds to the numbers once it has ended."""

import re
from collections.abc import Callable
from typing import Any

from prometheus_client import Histogram

from app.core.errors import AppError
from app.core.spans import Span
from app.metrics.instruments import Instruments, bounded, instruments

_ROUND = re.compile(r"\[\d+\]")
"""Which time it is, in the path of a node: `loop[2].draft`."""
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def _request(found: Instruments, piece: Span) -> None:
    if piece.fields.get("probe"):  # they would outnumber what people ask, and hide how that ends
        return
    method = piece.fields.get("method")
    _observe(
        found.requests,
        piece.seconds,
        method=method if method in _METHODS else "other",
        route=piece.fields.get("route") or "",
        status=piece.fields.get("status"),
    )


def _run(found: Instruments, piece: Span) -> None:
    _observe(found.runs, piece.seconds, workflow=piece.scope.workflow or "", error=_error(piece))


def _node(found: Instruments, piece: Span) -> None:
    node = _ROUND.sub("", piece.scope.node or "")
    workflow = piece.scope.workflow or ""
    _observe(found.nodes, piece.seconds, workflow=workflow, node=node, error=_error(piece))


def _agent(found: Instruments, piece: Span) -> None:
    _observe(found.agents, piece.seconds, agent=piece.fields["agent"], error=_error(piece))


def _tool(found: Instruments, piece: Span) -> None:
    _observe(found.tools, piece.seconds, tool=piece.fields["tool"], error=_error(piece))


def _model_call(found: Instruments, piece: Span) -> None:
    model = piece.fields["model"]
    _observe(found.models, piece.seconds, operation="chat", model=model, error=_error(piece))
    if (first := piece.fields.get("first_piece_seconds")) is not None:
        _observe(found.first_tokens, first, model=model)
    _taken(found, piece)


def _embedding(found: Instruments, piece: Span) -> None:
    model = piece.fields["model"]
    _observe(found.models, piece.seconds, operation="embeddings", model=model, error=_error(piece))
    _taken(found, piece)


def _taken(found: Instruments, piece: Span) -> None:
    model, fields = piece.fields["model"], piece.fields
    for direction in ("input", "output"):
        labels = bounded(found.tokens, model=model, direction=direction)
        found.tokens.labels(**labels).inc(_number(fields.get(f"{direction}_tokens")))
    found.cost.labels(**bounded(found.cost, model=model)).inc(_number(fields.get("cost")))


def _retrieval(found: Instruments, piece: Span) -> None:
    profile = piece.fields["profile"]
    _observe(found.retrievals, piece.seconds, profile=profile, error=_error(piece))
    if (hits := piece.fields.get("hits")) is not None:
        _observe(found.hits, hits, profile=profile)


def _guard(found: Instruments, piece: Span) -> None:
    labels = {name: piece.fields[name] for name in ("guard", "decision")}
    found.guards.labels(**bounded(found.guards, **labels)).inc()


def _observe(histogram: Histogram, value: object, **labels: object) -> None:
    histogram.labels(**bounded(histogram, **labels)).observe(_number(value))


def _number(value: Any) -> float:
    return float(value or 0)


def _error(piece: Span) -> str:
    """Return the kind of error; empty: none."""
    error = piece.error
    return "" if error is None else error.code if isinstance(error, AppError) else type(error).__name__


_COUNTS: dict[str, Callable[[Instruments, Span], None]] = {
    "agent": _agent,
    "embedding": _embedding,
    "guard": _guard,
    "model_call": _model_call,
    "node": _node,
    "request": _request,
    "retrieval": _retrieval,
    "run": _run,
    "tool": _tool,
}


def count_export(destination: str, spans: int, are_taken: bool) -> None:
    """Count spans of traces, if this process counts: commands do not. For `observability.exports`."""
    if instruments.cache_info().currsize:
        outcome = "sent" if are_taken else "lost"
        instruments().exports.labels(destination=destination, outcome=outcome).inc(spans)


def count(piece: Span) -> None:
    """Count a span that has ended, if it is of a kind that is counted."""
    if found := _COUNTS.get(piece.name):
        found(instruments(), piece)
