"""Pieces of work, for whoever watches: requests, runs, nodes, agents, tools and model calls.

    with span("tool", tool=name) as piece:
        piece.say(arguments=arguments)
        ...
        piece.set(characters=len(text))

A sink (the extension point `core.span_sinks`) is called with each piece as it begins, and what it returns as
it ends. Without a sink nothing happens; with `LOG_LEVEL=debug` the log is one. Fields are names and numbers,
never what people or models say: that is kept apart, in `contents`, for a sink that may have it.

Spans know the trace that they belong to, by the ids of W3C Trace Context. Across the queue, and from a caller
that traces too, it comes as the scope's `traceparent`.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial
from types import TracebackType
from typing import Self

import structlog

from app.core.scope import Scope, current_scope

log = structlog.get_logger(__name__)

Sink = Callable[["Span"], Callable[[], object] | None]
"""Is called as a span begins; what it returns is called as the span ends."""

_TRACEPARENT = re.compile(
    r"(?:00|(?!ff)[0-9a-f]{2}(?=.{53}(?:-|$)))-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}"
)
"""The header of W3C Trace Context; one of a later version may have more behind it."""

_current: ContextVar["Span | None"] = ContextVar("span", default=None)
_added: list[Sink] = []
_last_calls: list[Callable[[], object]] = []


class Span:
    """One piece of work, as a context manager."""

    scope: Scope
    """What was known of the work as the span began."""
    parent: "Span | None"
    trace_id: str
    """32 hexadecimal digits, the same in all spans of a trace."""
    span_id: str
    """16 hexadecimal digits."""
    parent_id: str | None
    """The `span_id` of the parent, which may be in another process."""
    seconds: float
    """How long it took, once it has ended."""
    error: BaseException | None
    """What it raised, or failed with, once it has ended."""

    def __init__(self, name: str, fields: dict[str, object]) -> None:
        self.name = name
        self.fields = fields
        self.contents: dict[str, object] = {}
        """What people, models and tools say in it. It may hold personal data."""
        self._ends: list[Callable[[], object]] | None = None
        self._failure: BaseException | None = None
        self.has_ended = False

    def fail(self, error: BaseException) -> None:
        """Say that it has failed, where the error goes no further than this."""
        self._failure = error

    def elapsed(self) -> float:
        """Return the seconds since it began."""
        return time.perf_counter() - self._started

    def set(self, **fields: object) -> None:
        """Add what is known only later."""
        self.fields.update(fields)

    def say(self, **contents: object) -> None:
        """Add what people, models or tools say. It is read some time after the end: it must not change."""
        if self._ends is not None:
            self.contents.update(contents)

    def __enter__(self) -> Self:
        """Begin."""
        if sinks := _sinks():
            self.scope, self.parent = current_scope(), current_span()
            self.trace_id, self.parent_id = _position(self.scope)
            self.span_id = secrets.token_hex(8)
            _current.set(self)
            self._started = time.perf_counter()
            begun = [_guarded(partial(sink, self)) for sink in sinks]
            self._ends = [end for end in begun if callable(end)]
        return self

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """End; the sink that saw the beginning last comes first."""
        if self._ends is None:
            return
        self.seconds = self.elapsed()
        self.error = self._failure if error is None or _is_no_failure(error) else error
        self.has_ended = True
        if self._is_around(_current.get()):  # else a generator that holds this span is closed by another task
            _current.set(self.parent)
        ends, self._ends = self._ends, []
        for end in reversed(ends):
            _guarded(end)

    def _is_around(self, other: "Span | None") -> bool:
        """Whether another span is this one, or inside it: one that another task has closed is left there."""
        while other is not None and other is not self:
            other = other.parent
        return other is self


def _is_no_failure(error: BaseException) -> bool:
    """Whether an error only ends the work: who reads it has had enough, or it waits for a person."""
    return isinstance(error, GeneratorExit) or getattr(error, "is_no_failure", False)


def span(name: str, /, **fields: object) -> Span:
    """Return a span to be used in a `with` statement."""
    return Span(name, fields)


def current_span() -> Span | None:
    """Return the span that surrounds this place; None where nobody watches.

    One that has ended, in a task that goes on after it, surrounds nothing any more.
    """
    here = _current.get()
    while here is not None and here.has_ended:
        here = here.parent
    return here


def traceparent() -> str | None:
    """Return where in a trace this is, for a header or another process; None: in no trace.

    Every trace is recorded, also one whose caller has not sampled it.
    """
    trace_id, span_id = _position(current_scope())
    return f"00-{trace_id}-{span_id}-01" if span_id else None


def trace_ids() -> dict[str, str]:
    """Return the ids of the span that surrounds this place, for a line of the log."""
    above = current_span()
    return {"trace_id": above.trace_id, "span_id": above.span_id} if above else {}


def valid_traceparent(header: str) -> str | None:
    """Return a header of a caller, in version 00, if it follows W3C Trace Context, else None."""
    found = _TRACEPARENT.match(header)
    if not found or (header.startswith("00") and found.end() != len(header)):
        return None
    return f"00-{found[1]}-{found[2]}-01"


def _position(scope: Scope) -> tuple[str, str | None]:
    """Return the trace and the span that surround this place; a new trace if none does."""
    if above := current_span():
        return above.trace_id, above.span_id
    if scope.traceparent and (found := _TRACEPARENT.fullmatch(scope.traceparent)):
        return found[1], found[2]
    return secrets.token_hex(16), None


def call_at_end(call: Callable[[], object]) -> None:
    """Call something of a sink when a command ends, such as handing on what it holds back.

    A server ends with its lifespan instead: the extension point `core.lifespans`.
    """
    _last_calls.append(call)


def end_spans() -> None:
    """Let the sinks end, while Python still does everything: later it starts no thread any more."""
    for call in _last_calls:
        _guarded(call)


@contextmanager
def watched_by(sink: Sink) -> Generator[None, None, None]:
    """Let a sink see all spans of this process while a `with` block lasts: for tests and measurements."""
    _added.append(sink)
    try:
        yield
    finally:
        _added.remove(sink)


def _sinks() -> tuple[Sink, ...]:
    sinks = (*_installed(), *_added) if _added else _installed()
    return (*sinks, _log) if _logger.isEnabledFor(logging.DEBUG) else sinks


@cache
def _installed() -> tuple[Sink, ...]:
    from app.core.extensions import SPAN_SINKS  # brings Typer, which those who call nodes do not need

    return tuple(SPAN_SINKS.load().values())


_logger = logging.getLogger(__name__)


def _log(piece: Span) -> Callable[[], None]:
    def end() -> None:
        failed = {"error": type(piece.error).__name__} if piece.error else {}
        log.debug("span", span=piece.name, ms=round(piece.seconds * 1000, 2), **failed, **piece.fields)

    return end


def _guarded(call: Callable[[], object]) -> object:
    """Call a sink: what watches must not break the work."""
    try:
        return call()
    except Exception:
        log.exception("span.sink_broken")
        return None
