"""Errors and spans that go to Sentry: a local server takes what its SDK really sends."""

import gzip
import json
import logging
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import pytest

from app import cli
from app.core.errors import ConfigurationError, NotFound
from app.core.scope import in_scope
from app.core.spans import end_spans, span
from app.observability.pipeline import flush
from app.observability.settings import SentrySettings
from tests.conftest import SetEnvironment
from tests.servers import LocalServer


class Sentry(BaseHTTPRequestHandler):
    """Takes envelopes and spans."""

    events: ClassVar[list[dict[str, Any]]]
    paths: ClassVar[list[str]]

    def do_POST(self) -> None:
        """Take one."""
        self.paths.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/envelope/"):
            lines = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            items = [json.loads(line) for line in lines.splitlines() if line]
            self.events.extend(item for item in items if "exception" in item)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the library's
        """Say nothing."""


@pytest.fixture
def dsn() -> Iterator[str]:
    Sentry.events, Sentry.paths = [], []
    with LocalServer(Sentry) as server:
        yield f"{server.url.replace('http://', 'http://key@')}/7"


def fail(error: Exception, *, times: int = 1) -> None:
    try:
        raise error
    except Exception:
        for _ in range(times):
            logging.getLogger("tests.sentry").exception("broken")
    end_spans()


def test_an_error_that_is_logged_arrives_with_its_place_and_without_personal_data(
    dsn: str, set_environment: SetEnvironment
) -> None:
    set_environment(SENTRY_DSN=dsn, SENTRY_RELEASE="1.2.3", TRACES_LOCAL="false")

    with in_scope(run_id="r1", workflow="w", caller="ada@example.com"), span("run") as piece:
        fail(ValueError("ada@example.com wrote sk-12345678"), times=2)

    (event,) = Sentry.events
    assert event["exception"]["values"][0]["value"] == "[EMAIL_1] wrote [redacted]"
    assert (event["release"], event["environment"]) == ("1.2.3", "test")
    assert event["tags"] == {"run_id": "r1", "workflow": "w", "caller": "[EMAIL_1]"}
    assert event["contexts"]["trace"]["trace_id"] == piece.trace_id
    assert "server_name" not in event or not event["server_name"]
    assert not any("vars" in frame for frame in event["exception"]["values"][0]["stacktrace"]["frames"])


def test_an_error_of_ours_is_none(dsn: str, set_environment: SetEnvironment) -> None:
    set_environment(SENTRY_DSN=dsn)

    fail(NotFound("gone"))

    assert Sentry.paths == []


def test_a_command_that_breaks_is_reported(
    dsn: str, monkeypatch: pytest.MonkeyPatch, set_environment: SetEnvironment
) -> None:
    set_environment(SENTRY_DSN=dsn, TRACES_LOCAL="false")
    monkeypatch.setattr(cli, "build_cli", lambda: os.environ["NOTHING"])

    with pytest.raises(SystemExit):
        cli.main()

    assert [event["exception"]["values"][0]["type"] for event in Sentry.events] == ["KeyError"]


@pytest.mark.parametrize(("rate", "arrives"), [("1.0", True), ("0.0", False)])
def test_spans_go_there_as_far_as_the_settings_say(
    rate: str, arrives: bool, dsn: str, set_environment: SetEnvironment
) -> None:
    set_environment(SENTRY_DSN=dsn, SENTRY_TRACES_SAMPLE_RATE=rate, TRACES_LOCAL="false")

    with span("run"):
        pass
    flush()

    assert (Sentry.paths == ["/api/7/integration/otlp/v1/traces/"]) is arrives


@pytest.mark.parametrize("dsn", ["nonsense", "https://sentry.example/7", "https://key@sentry.example/x"])
def test_a_dsn_that_is_none_is_named_without_saying_it(dsn: str, set_environment: SetEnvironment) -> None:
    set_environment(SENTRY_DSN=dsn)

    with pytest.raises(ConfigurationError, match="SENTRY_DSN is wrong") as raised:
        SentrySettings.load()

    assert dsn not in str(raised.value)
