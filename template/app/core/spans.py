"""Pieces of work, for whoever watches: requests, runs, nodes, agents, tools and model calls.

    with span("tool", tool=name) as piece:
        ...
        piece.set(characters=len(text))

A sink (the extension point `core.span_sinks`) is called with each piece as it begins, and what it returns as
it ends. Without a sink nothing happens; with `LOG_LEVEL=debug` the log is one. Fields are names and numbers,
never what people or models say.
"""

import logging
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

_current: ContextVar["Span | None"] = ContextVar("span", default=None)
_added: list[Sink] = []


class Span:
    """One piece of work, as a context manager."""

    scope: Scope
    """What was known of the work as the span began."""
    parent: "Span | None"
    seconds: float
    """How long it took, once it has ended."""
    error: BaseException | None
    """What it raised, once it has ended."""

    def __init__(self, name: str, fields: dict[str, object]) -> None:
        self.name = name
        self.fields = fields
        self._ends: list[Callable[[], object]] | None = None

    def set(self, **fields: object) -> None:
        """Add what is known only later."""
        self.fields.update(fields)

    def __enter__(self) -> Self:
        """Begin."""
        if sinks := _sinks():
            self.scope, self.parent = current_scope(), _current.get()
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
        self.seconds, self.error = time.perf_counter() - self._started, error
        if _current.get() is self:  # else the generator that holds this span is closed by another task
            _current.set(self.parent)
        for end in reversed(self._ends):
            _guarded(end)


def span(name: str, /, **fields: object) -> Span:
    """Return a span to be used in a `with` statement."""
    return Span(name, fields)


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
