"""From the spans of `app/core/spans.py` to who keeps them: a file of this machine, a collector, Langfuse.

Nothing here waits: spans are put into a queue of bounded length, from which a thread takes them. If the
collector does not answer, the oldest are dropped.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from threading import Lock, Thread

import structlog
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from app.core.settings import AppSettings
from app.core.spans import Span, call_at_end
from app.observability import langfuse, sentry
from app.observability.attributes import Attributes, as_text, attributes_of, contents_of, kind_of, title_of
from app.observability.local import LocalExporter
from app.observability.sender import Sender
from app.observability.settings import LangfuseSettings, OtlpSettings, SentrySettings, TracesSettings

log = structlog.get_logger(__name__)

_FLUSH_SECONDS = 2.0
_QUEUE = 2048
FLUSHING = "flush of traces"
"""The name of threads that may outlive a `flush`."""
_MILLISECONDS = 300
"""Until spans are handed on, so that `app traces` shows what has just ended."""

_PAUSE = 0.0002
"""Seconds after each span, in which requests have the interpreter: else some wait for a whole batch."""
_FULL = 512
"""Spans of a batch when more are waiting: then there is no pause."""

_opening = Lock()
_flushing: dict[SpanProcessor, Thread] = {}


def record(piece: Span) -> Callable[[], None] | None:
    """Hand a span on when it ends. A sink of `core.span_sinks`."""
    destinations = _destinations()
    if not destinations:
        return None
    started = time.time_ns()

    def end() -> None:
        if piece.fields.get("probe"):  # they come every few seconds, and say nothing
            return
        ended = _Ended(piece, started)
        for processor in destinations:
            processor.on_end(ended)

    return end


def _destinations() -> tuple[SpanProcessor, ...]:
    """Return where spans go."""
    with _opening:  # else several threads that begin together open one each
        settings = (OtlpSettings.load(), LangfuseSettings.load(), SentrySettings.load())
        return _open_destinations(TracesSettings.load(), *settings)


@cache
def _open_destinations(
    traces: TracesSettings,
    otlp: OtlpSettings,
    for_langfuse: LangfuseSettings,
    for_sentry: SentrySettings,
) -> tuple[SpanProcessor, ...]:
    described: list[_Describing] = []
    if traces.keeps_spans():
        described.append(_Describing(LocalExporter(traces.file, traces.max_spans)))
    if otlp.exporter_otlp_endpoint:
        url = f"{otlp.exporter_otlp_endpoint.rstrip('/')}/v1/traces"
        described.append(_Describing(Sender("otlp", url, otlp.headers(), otlp.exporter_otlp_timeout)))
    if for_langfuse.is_used():
        url, headers = langfuse.endpoint(for_langfuse), langfuse.langfuse_headers(for_langfuse)
        sender = Sender("langfuse", url, headers, otlp.exporter_otlp_timeout)
        described.append(_Describing(sender, langfuse.attributes_for_langfuse))
    if for_sentry.dsn and for_sentry.traces_sample_rate:
        url, headers = sentry.endpoint(for_sentry), sentry.headers(for_sentry)
        sender = Sender("sentry", url, headers, otlp.exporter_otlp_timeout)
        described.append(_Describing(sentry.Sampled(sender, for_sentry.traces_sample_rate)))
    if described:
        call_at_end(flush)
    return tuple(
        BatchSpanProcessor(each, max_queue_size=_QUEUE, schedule_delay_millis=_MILLISECONDS)
        for each in described
    )


More = Callable[[Span, Attributes], Attributes]
"""What only one receiver is told of a span, of all that is known of it."""


def _no_more(_piece: Span, _known: Attributes) -> Attributes:
    return {}


class _Ended(ReadableSpan):
    """A span that has ended, and is not described yet: that takes a while, and nobody should wait for it."""

    def __init__(self, piece: Span, started: int) -> None:
        context = _context(piece.trace_id, piece.span_id)
        super().__init__(piece.name, context=context, resource=_resource())
        self.piece = piece
        self.started = started


class _Describing(SpanExporter):
    """Describes spans in the thread that hands them on: texts are masked there."""

    def __init__(self, exporter: SpanExporter, more: More = _no_more) -> None:
        self._exporter = exporter
        self._more = more

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand on what can be described; what breaks is logged."""
        described = []
        for span in spans:
            if isinstance(span, _Ended) and (found := _described(span, self._more)):
                described.append(found)
            if len(spans) < _FULL:
                time.sleep(_PAUSE)
        return self._exporter.export(described)

    def shutdown(self) -> None:
        """End."""
        self._exporter.shutdown()


def _described(span: _Ended, more: More) -> ReadableSpan | None:
    try:
        return _readable(span.piece, span.started, more)
    except Exception:  # whatever a span holds: the others must not be lost with it
        log.exception("span.not_described", span=span.piece.name)
        return None


@cache
def _resource() -> Resource:
    environment = AppSettings.load().environment
    return Resource.create(
        {"service.name": OtlpSettings.load().service_name, "deployment.environment.name": environment}
    )


_SCOPE = InstrumentationScope("app")


def _readable(piece: Span, started: int, more: More) -> ReadableSpan:
    settings, attributes = TracesSettings.load(), attributes_of(piece)
    if settings.contents:
        attributes |= contents_of(piece.contents, settings.max_characters)
    attributes |= more(piece, attributes)
    return ReadableSpan(
        title_of(piece),
        context=_context(piece.trace_id, piece.span_id),
        parent=_context(piece.trace_id, piece.parent_id) if piece.parent_id else None,
        resource=_resource(),
        attributes=attributes,
        kind=kind_of(piece),
        instrumentation_scope=_SCOPE,
        status=_status(piece, settings),
        start_time=started,
        end_time=started + round(piece.seconds * 1e9),
    )


def _status(piece: Span, settings: TracesSettings) -> Status:
    """Return how it ended. Why it failed may repeat what was said."""
    if piece.error is None:
        return Status()
    reason = as_text(str(piece.error), settings.max_characters) if settings.contents else ""
    return Status(StatusCode.ERROR, reason)


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), False, TraceFlags(TraceFlags.SAMPLED))


def flush() -> None:
    """Hand on what is in the queues, for a few seconds at the most.

    A processor waits for its exporter however long that takes: in a thread, which is left behind. One that is
    still at it is not waited for again, at the end of the command after the end of its features.
    """
    threads = []
    for processor in _destinations():
        if not (processor in _flushing and _flushing[processor].is_alive()):
            _flushing[processor] = Thread(target=processor.force_flush, name=FLUSHING, daemon=True)
            _flushing[processor].start()
            threads.append(_flushing[processor])
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
