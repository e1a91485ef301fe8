"""From the spans of `app/core/spans.py` to those who keep them: a file of this machine, a collector, or both.

Nothing here waits: spans are put into a queue of bounded length, from which a thread takes them. If the
collector does not answer, the oldest are dropped.
"""

import asyncio
import atexit
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import cache
from threading import Lock, Thread

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from app.core.redaction import redact_text
from app.core.settings import AppSettings
from app.core.spans import Span
from app.observability.attributes import attributes_of, contents_of, kind_of, title_of
from app.observability.local import LocalExporter
from app.observability.settings import OtlpSettings, TracesSettings

_FLUSH_SECONDS = 2.5
_QUEUE = 4096
_MILLISECONDS = 300
"""Until spans are handed on, so that `app traces` shows what has just ended."""

_opening = Lock()


def record(piece: Span) -> Callable[[], None] | None:
    """Hand a span on when it ends. A sink of `core.span_sinks`."""
    destinations = _destinations()
    if not destinations:
        return None
    started = time.time_ns()

    def end() -> None:
        for processor, with_contents in destinations:
            processor.on_end(_readable(piece, started, with_contents=with_contents))

    return end


def _destinations() -> tuple[tuple[SpanProcessor, bool], ...]:
    """Return where spans go, each with whether what was said goes there too."""
    with _opening:  # else several threads that begin together open one each
        return _open_destinations(TracesSettings.load(), OtlpSettings.load())


@cache
def _open_destinations(traces: TracesSettings, otlp: OtlpSettings) -> tuple[tuple[SpanProcessor, bool], ...]:
    found: list[tuple[SpanProcessor, bool]] = []
    if traces.keeps_spans():
        found.append((_batched(LocalExporter(traces.file, traces.max_spans)), traces.contents))
    if otlp.exporter_otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(
            endpoint=f"{otlp.exporter_otlp_endpoint.rstrip('/')}/v1/traces",
            headers=otlp.headers(),
            timeout=otlp.exporter_otlp_timeout,
        )
        found.append((_batched(exporter), False))
    if found:
        atexit.register(flush)
    return tuple(found)


def _batched(exporter: SpanExporter) -> BatchSpanProcessor:
    return BatchSpanProcessor(exporter, max_queue_size=_QUEUE, schedule_delay_millis=_MILLISECONDS)


@cache
def _resource() -> Resource:
    environment = AppSettings.load().environment
    return Resource.create(
        {"service.name": OtlpSettings.load().service_name, "deployment.environment.name": environment}
    )


_SCOPE = InstrumentationScope("app")


def _readable(piece: Span, started: int, *, with_contents: bool) -> ReadableSpan:
    attributes = attributes_of(piece)
    if with_contents:
        attributes |= contents_of(piece.contents, TracesSettings.load().max_characters)
    status = Status(StatusCode.ERROR, redact_text(str(piece.error))) if piece.error else Status()
    return ReadableSpan(
        title_of(piece),
        context=_context(piece.trace_id, piece.span_id),
        parent=_context(piece.trace_id, piece.parent_id) if piece.parent_id else None,
        resource=_resource(),
        attributes=attributes,
        kind=kind_of(piece),
        instrumentation_scope=_SCOPE,
        status=status,
        start_time=started,
        end_time=started + round(piece.seconds * 1e9),
    )


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), False, TraceFlags(TraceFlags.SAMPLED))


def flush() -> None:
    """Hand on what is in the queues, for a few seconds at the most."""
    destinations = _destinations()
    # in threads that are left behind: a processor waits for its exporter however long that takes
    threads = [Thread(target=processor.force_flush, daemon=True) for processor, _ in destinations]
    for thread in threads:
        thread.start()
    until = time.monotonic() + _FLUSH_SECONDS
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


@asynccontextmanager
async def lifespan() -> AsyncGenerator[None, None]:
    """Hand on what is left when the application stops."""
    try:
        yield
    finally:
        await asyncio.to_thread(flush)
