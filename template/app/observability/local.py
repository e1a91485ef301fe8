"""Spans in a file of this machine: SQLite, which several processes may write and read at the same time."""

import json
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace.status import StatusCode

from app.observability import conventions as names

_TABLE = """
CREATE TABLE IF NOT EXISTS spans (
    number INTEGER PRIMARY KEY,
    trace_id TEXT NOT NULL,
    run_id TEXT,
    request_id TEXT,
    span_id TEXT NOT NULL,
    parent_id TEXT,
    title TEXT NOT NULL,
    started INTEGER NOT NULL,
    nanoseconds INTEGER NOT NULL,
    error TEXT,
    attributes TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS spans_by_trace ON spans (trace_id);
"""
_INSERT = "INSERT INTO spans VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM spans WHERE number <= (SELECT max(number) FROM spans) - ?"
_FIND = (
    "SELECT trace_id FROM spans WHERE trace_id GLOB ? OR run_id = ? OR request_id = ? "
    "ORDER BY title GLOB 'run *' DESC, number DESC LIMIT 1"
)
"""Of a run the trace in which it ran, before those in which it was only looked at."""
_NEWEST = "SELECT trace_id FROM spans GROUP BY trace_id ORDER BY max(number) DESC LIMIT ?"
_SPANS = (
    "SELECT trace_id, span_id, parent_id, title, started, nanoseconds, error, attributes FROM spans "
    "WHERE trace_id = ? ORDER BY started"
)


@dataclass(frozen=True)
class KeptSpan:
    """A span that has ended."""

    trace_id: str
    span_id: str
    parent_id: str | None
    title: str
    started: int
    """Nanoseconds since 1970."""
    nanoseconds: int
    error: str | None
    attributes: dict[str, Any]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.nanoseconds / 1e9


class LocalExporter(SpanExporter):
    """Writes spans to a file, of which only its owner can read anything, and deletes the oldest."""

    def __init__(self, file: Path, max_spans: int) -> None:
        self._file = file
        self._max_spans = max_spans

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write spans."""
        with _opened(self._file) as connection:
            connection.executemany(_INSERT, map(_row, spans))
            connection.execute(_DELETE, (self._max_spans,))
        return SpanExportResult.SUCCESS


@contextmanager
def _opened(file: Path) -> Generator[sqlite3.Connection]:
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.touch(mode=0o600)
    with closing(sqlite3.connect(file, timeout=10)) as connection, connection:
        connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; {_TABLE}")
        yield connection


def _row(span: ReadableSpan) -> tuple[object, ...]:
    started, attributes = span.start_time or 0, dict(span.attributes or {})
    failed = span.status.status_code is StatusCode.ERROR
    return (
        f"{span.context.trace_id:032x}",
        attributes.get(names.RUN),
        attributes.get(names.REQUEST),
        f"{span.context.span_id:016x}",
        f"{span.parent.span_id:016x}" if span.parent else None,
        span.name,
        started,
        (span.end_time or started) - started,
        (span.status.description or "") if failed else None,
        json.dumps(attributes, ensure_ascii=False, default=str),
    )


def read_trace(file: Path, wanted: str) -> list[KeptSpan]:
    """Return the spans of a trace in the order in which they began.

    `wanted` is the beginning of the trace's id, or the id of a request or a run.
    """
    traces = _read(file, _FIND, (f"{wanted.lower()}*", wanted, wanted))
    return traces[0] if traces else []


def read_traces(file: Path, limit: int) -> list[list[KeptSpan]]:
    """Return the newest traces, each with its spans in the order in which they began."""
    return _read(file, _NEWEST, (limit,))


def _read(file: Path, statement: str, parameters: tuple[object, ...]) -> list[list[KeptSpan]]:
    """Return the spans of each trace whose id a statement selects."""
    if not file.exists():
        return []
    with _opened(file) as connection:
        traces = connection.execute(statement, parameters).fetchall()
        return [[_kept(row) for row in connection.execute(_SPANS, trace)] for trace in traces]


def _kept(row: tuple[Any, ...]) -> KeptSpan:
    return KeptSpan(*(*row[:-1], json.loads(row[-1])))
