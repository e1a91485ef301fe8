import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from app.core.logging import configure_logging
from app.core.redaction import MASK
from app.core.scope import in_scope
from app.core.settings import AppSettings
from app.core.spans import span, watched_by
from tests.spans import Watcher


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    configure_logging()


def log_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def log_json() -> None:
    """Log as in production. Not a fixture: a test's output is captured from its first line on."""
    configure_logging(AppSettings(environment="production"))


def test_our_lines_and_those_of_libraries_share_one_format(capsys: pytest.CaptureFixture[str]) -> None:
    log_json()
    structlog.get_logger("ours").info("run.started", workflow="x")
    logging.getLogger("library").warning("slow %s", "query", extra={"ms": 7})

    ours, theirs = log_lines(capsys.readouterr().err)

    assert (ours["event"], ours["workflow"], ours["logger"], ours["level"]) == (
        "run.started",
        "x",
        "ours",
        "info",
    )
    assert (theirs["event"], theirs["ms"], theirs["logger"]) == ("slow query", 7, "library")


def test_what_is_bound_to_the_request_is_on_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    log_json()
    with in_scope(request_id="r1"):
        structlog.get_logger().info("a")
        logging.getLogger("library").warning("b")

    assert [line["request_id"] for line in log_lines(capsys.readouterr().err)] == ["r1", "r1"]


def test_the_place_in_the_trace_is_on_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    log_json()
    with watched_by(Watcher()), span("run") as piece:
        structlog.get_logger().info("a")

    (line,) = log_lines(capsys.readouterr().err)
    assert (line["trace_id"], line["span_id"]) == (piece.trace_id, piece.span_id)


def fail() -> None:
    local_secret = "only-in-a-local-variable"
    raise ValueError(f"cannot use sk-abcdefgh12345678 with {len(local_secret)}")


@pytest.mark.parametrize("environment", ["production", "development"])
def test_a_traceback_shows_neither_local_variables_nor_secrets(
    environment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(AppSettings.model_validate({"environment": environment}))
    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("broken")

    text = capsys.readouterr().err

    assert "ValueError" in text
    assert "sk-abcdefgh12345678" not in text
    assert MASK in text
    assert "only-in-a-local-variable" not in text


def test_secrets_in_fields_are_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    log_json()
    structlog.get_logger().info("call", password="hunter2", headers={"authorization": "Basic abc"})

    line = log_lines(capsys.readouterr().err)[0]

    assert (line["password"], line["headers"]) == (MASK, {"authorization": MASK})
