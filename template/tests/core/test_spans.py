"""Pieces of work, as whoever watches sees them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator

import pytest

from app.core import registry
from app.core.lifespan import run_preflight
from app.core.registry import Feature, RegistryError
from app.core.scope import in_scope
from app.core.spans import Span, current_span, span, valid_traceparent, watched_by
from tests.spans import Watcher


def test_a_span_has_its_fields_its_scope_and_its_time() -> None:
    with watched_by(watcher := Watcher()), in_scope(run_id="r"), span("tool", tool="clock") as piece:
        piece.set(characters=3)

    (ended,) = watcher.ended
    assert (ended.name, ended.fields) == ("tool", {"tool": "clock", "characters": 3})
    assert ended.scope.run_id == "r"
    assert ended.seconds >= 0
    assert ended.error is None


def test_a_span_knows_the_one_around_it() -> None:
    with watched_by(watcher := Watcher()), span("run"), span("node"):
        pass
    with watched_by(watcher), span("request"):
        pass

    assert watcher.tree() == [("node", "run"), ("run", None), ("request", None)]


def test_an_error_is_seen_and_goes_on() -> None:
    with pytest.raises(ValueError, match="broken"), watched_by(watcher := Watcher()), span("tool"):
        raise ValueError("broken")

    assert str(watcher.ended[0].error) == "broken"


def test_a_sink_that_breaks_does_no_harm() -> None:
    def broken(_piece: Span) -> None:
        raise RuntimeError

    with watched_by(broken), watched_by(watcher := Watcher()), span("tool"):
        pass

    assert watcher.tree() == [("tool", None)]


def test_a_generator_that_is_closed_elsewhere_does_no_harm() -> None:
    def pieces() -> Generator[int, None, None]:
        with span("agent"):
            yield 1
            yield 2

    with watched_by(watcher := Watcher()), span("request"):
        generator = pieces()
        next(generator)
        with span("node"):
            generator.close()

    assert watcher.tree()[-1] == ("request", None)


def test_a_generator_that_is_closed_early_has_not_failed() -> None:
    def pieces() -> Generator[int, None, None]:
        with span("agent"):
            yield 1
            yield 2

    with watched_by(watcher := Watcher()):
        generator = pieces()
        next(generator)
        generator.close()

    assert watcher.ended[0].error is None


def test_a_span_that_is_left_open_is_not_the_parent_of_what_comes_later() -> None:
    def pieces() -> Generator[int, None, None]:
        with span("agent"):
            yield 1

    with watched_by(watcher := Watcher()):
        with span("request"):
            generator = pieces()
            next(generator)
        with span("run"):
            pass

    assert watcher.tree() == [("request", None), ("run", None)]


async def test_a_stream_that_is_abandoned_leaves_no_span_around_what_comes_later() -> None:
    async def pieces() -> AsyncGenerator[int, None]:
        with span("model_call"):
            yield 1
            yield 2

    with watched_by(Watcher()):
        for _ in range(3):
            abandoned = pieces()
            await anext(abandoned)
            await asyncio.create_task(abandoned.aclose())  # as asyncio does it: in another context

        assert current_span() is None


def test_what_waits_has_not_failed() -> None:
    class Waiting(Exception):
        is_no_failure = True

    with pytest.raises(Waiting), watched_by(watcher := Watcher()), span("node"):
        raise Waiting

    assert watcher.ended[0].error is None


def test_work_can_fail_without_raising() -> None:
    with watched_by(watcher := Watcher()), span("run") as piece:
        piece.fail(ValueError("broken"))

    assert str(watcher.ended[0].error) == "broken"


_IDS = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("header", "valid"),
    [
        (f"00-{_IDS}-01", True),
        (f"00-{_IDS}-00", True),
        (f"01-{_IDS}-01", True),
        (f"cc-{_IDS}-01-what-comes-later", True),
        (f"00-{_IDS}-01-more", False),
        (f"01-{_IDS}-01more", False),
        (f"ff-{_IDS}-01", False),
        (f"00-{_IDS.upper()}-01", False),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        (f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01", False),
        ("", False),
    ],
)
def test_the_header_of_a_caller_is_read_as_the_standard_says(header: str, valid: bool) -> None:
    assert valid_traceparent(header) == (f"00-{_IDS}-01" if valid else None)


def test_a_sink_that_is_none_is_found_before_anything_starts() -> None:
    notes = Feature(name="notes", stage="own", summary="", extends={"core.span_sinks": ["app.core.errors"]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "load_features", lambda: (notes,))

        with pytest.raises(RegistryError, match=r"core\.span_sinks"):
            run_preflight()


def test_the_log_is_a_sink_when_it_is_wanted(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "app.core.spans"), span("tool", tool="clock"):
        pass

    assert "'span': 'tool'" in caplog.text
    assert "'tool': 'clock'" in caplog.text
