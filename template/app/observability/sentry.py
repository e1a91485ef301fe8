"""Errors for Sentry: what nobody expected, with its place in the trace, without personal data.

Its SDK sends the errors alone: nothing is instrumented, and no second tracer runs. Our own spans go to its
OpenTelemetry endpoint, as many as SENTRY_TRACES_SAMPLE_RATE says.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from app.core.redaction import redact
from app.core.scope import current_scope
from app.core.settings import AppSettings
from app.core.spans import call_at_end, trace_ids
from app.observability.settings import SentrySettings
from app.privacy import mask

if TYPE_CHECKING:
    from sentry_sdk import Client

_SECONDS = 2.0
"""That the end of a process waits for errors that are not sent yet."""


def report(error: BaseException) -> None:
    """Send an error to Sentry. Without a DSN nothing happens, and nothing is imported."""
    settings = SentrySettings.load()
    if not settings.dsn:
        return
    from sentry_sdk.utils import event_from_exception

    client = _client(settings)
    event, hint = event_from_exception(error, client_options=client.options)
    event["tags"] = {name: mask(str(value)) for name, value in current_scope().fields.items()}
    if ids := trace_ids():
        event["contexts"] = {"trace": {**ids, "type": "trace"}}
    client.capture_event(event, hint)


@cache
def _client(settings: SentrySettings) -> "Client":
    import sentry_sdk

    assert settings.dsn
    client = sentry_sdk.Client(
        dsn=settings.dsn.get_secret_value(),
        release=settings.release,
        environment=AppSettings.load().environment,
        sample_rate=settings.sample_rate,
        default_integrations=False,
        include_local_variables=False,
        max_request_body_size="never",
        server_name="",
        shutdown_timeout=_SECONDS,
        before_send=_without_personal_data,
    )
    call_at_end(lambda: client.flush(timeout=_SECONDS))
    return client


def _without_personal_data(event: Any, _hint: Any) -> Any:
    """Return an event whose texts are masked: the message of an error may repeat what was said."""
    for value in (event.get("exception") or {}).get("values", ()):
        value["value"] = mask(str(value.get("value") or ""))
    return redact(event)


def endpoint(settings: SentrySettings) -> str:
    """Return the URL that spans are sent to."""
    from sentry_sdk.consts import EndpointType

    return str(_auth(settings).get_api_url(EndpointType.OTLP_TRACES))


def headers(settings: SentrySettings) -> dict[str, str]:
    """Return the headers that spans are sent with."""
    return {"X-Sentry-Auth": _auth(settings).to_header()}


def _auth(settings: SentrySettings) -> Any:
    from sentry_sdk.utils import Dsn

    assert settings.dsn
    return Dsn(settings.dsn.get_secret_value()).to_auth("app")


class Sampled(SpanExporter):
    """Hands on the spans of a part of the traces: all of a trace, or none."""

    def __init__(self, exporter: SpanExporter, rate: float) -> None:
        self._exporter = exporter
        self._below = round(rate * 2**64)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand on those that are chosen, by the trace's id: every process chooses the same."""
        chosen = [
            span for span in spans if span.context and (span.context.trace_id & (2**64 - 1)) < self._below
        ]
        return self._exporter.export(chosen) if chosen else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """End."""
        self._exporter.shutdown()
