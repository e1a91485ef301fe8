"""Sends spans to a collector: OTLP over HTTP, in protobuf (https://opentelemetry.io/docs/specs/otlp/)."""

import gzip
from collections.abc import Mapping, Sequence

import httpx2
import structlog
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from app.observability.extensions import EXPORTS

log = structlog.get_logger(__name__)


class Sender(SpanExporter):
    """Sends spans, each batch once: what is not taken is lost, and an outage is said once.

    OpenTelemetry's own exporter would add the headers of `OTEL_EXPORTER_OTLP_HEADERS`, which hold the key of
    the collector, to what goes to Langfuse too.
    """

    def __init__(self, name: str, url: str, headers: Mapping[str, str], seconds: float) -> None:
        self._name = name
        self._url = url
        self._client = httpx2.Client(
            headers={"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", **headers},
            timeout=seconds,
        )
        self._is_out = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans."""
        body = gzip.compress(encode_spans(spans).SerializeToString())
        try:
            self._client.post(self._url, content=body).raise_for_status()
        except httpx2.HTTPError as error:
            self._note(f"{type(error).__name__}: {error}", len(spans))
            self._report(len(spans), are_taken=False)
            return SpanExportResult.FAILURE
        if self._is_out:
            log.info("traces.sent_again", url=self._url)
        self._is_out = False
        self._report(len(spans), are_taken=True)
        return SpanExportResult.SUCCESS

    def _report(self, spans: int, *, are_taken: bool) -> None:
        for report in EXPORTS.load().values():
            report(self._name, spans, are_taken)

    def _note(self, reason: str, spans: int) -> None:
        write = log.debug if self._is_out else log.warning
        write("traces.not_sent", url=self._url, reason=reason, spans=spans)
        self._is_out = True

    def shutdown(self) -> None:
        """Close the connection."""
        self._client.close()
