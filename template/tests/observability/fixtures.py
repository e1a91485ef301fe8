"""A collector that speaks OTLP over HTTP, and a file for local traces."""

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.conftest import SetEnvironment


@pytest.fixture
def traces_file(tmp_path: Path, set_environment: SetEnvironment) -> Path:
    """Keep spans in a file of their own."""
    file = tmp_path / "traces.db"
    set_environment(TRACES_LOCAL="true", TRACES_FILE=str(file))
    return file


class Collector(BaseHTTPRequestHandler):
    """Remembers the spans that are sent, each with the headers that it came with."""

    spans: ClassVar[list[tuple[Any, dict[str, str]]]]
    paths: ClassVar[list[str]]

    def do_POST(self) -> None:
        """Take spans."""
        self.paths.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans.extend((span, headers) for span in scope.spans)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the library's
        """Say nothing."""


@pytest.fixture
def collector_url() -> Iterator[str]:
    """The URL of a collector."""
    Collector.spans, Collector.paths = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def collector(collector_url: str, set_environment: SetEnvironment) -> type[Collector]:
    """Send spans to a collector."""
    set_environment(OTEL_EXPORTER_OTLP_ENDPOINT=collector_url, OTEL_EXPORTER_OTLP_HEADERS="x-key=Basic%20abc")
    return Collector
