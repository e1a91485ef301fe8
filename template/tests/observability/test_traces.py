"""What is kept of the work, on this machine and at a collector."""

import json
import socket
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import BinaryContent
from pydantic_ai.messages import ModelRequest, UserPromptPart

from app.core.errors import ConfigurationError, NotFound
from app.core.scope import in_scope
from app.core.spans import span, traceparent
from app.llm import complete, extract, load_prompt, stream
from app.observability import conventions as names
from app.observability.cli import show
from app.observability.local import KeptSpan, read_trace, read_traces
from app.observability.pipeline import FLUSHING, flush
from app.observability.settings import check_traces
from app.observability.tree import describe, draw, totals
from tests.commands import run_app
from tests.conftest import SetEnvironment
from tests.observability.fixtures import Collector


def kept(file: Path) -> list[KeptSpan]:
    """Return the spans of all traces, the newest trace first."""
    flush()
    return [span for trace in read_traces(file, 100) for span in trace]


async def test_a_model_call_is_kept_with_all_that_is_known(traces_file: Path) -> None:
    prompt = load_prompt("llm.chat").render()

    await complete("How many days has a week?", instructions=prompt, model="offline:demo")

    (call,) = kept(traces_file)
    found = call.attributes
    assert call.title == "chat offline:demo"
    assert (found[names.OPERATION], found[names.PROVIDER]) == ("chat", "function")
    assert (found[names.PROMPT], found[names.PROMPT_VERSION]) == (prompt.name, prompt.version)
    assert found[names.INPUT_TOKENS] > 0
    assert found[names.OUTPUT_TOKENS] > 0
    assert found[names.COST] == 0
    assert json.loads(found[names.INPUT_MESSAGES])[0] == {
        "role": "user",
        "parts": [{"type": "text", "content": "How many days has a week?"}],
    }
    assert json.loads(found[names.SYSTEM_INSTRUCTIONS])[0]["content"] == prompt.text
    assert json.loads(found[names.OUTPUT_MESSAGES])[0]["role"] == "assistant"


class Answer(BaseModel):
    text: str = ""


async def _streamed() -> None:
    async for _ in stream("Hello", model="offline:demo"):
        pass


@pytest.mark.parametrize(
    "call",
    [
        lambda: complete("Hello", model="offline:demo"),
        lambda: extract("Hello", Answer, model="offline:demo"),
        _streamed,
    ],
    ids=["complete", "extract", "stream"],
)
async def test_no_call_of_a_model_leaves_no_trace(
    call: Callable[[], Coroutine[Any, Any, Any]], traces_file: Path
) -> None:
    await call()

    (span,) = kept(traces_file)
    assert {names.INPUT_MESSAGES, names.OUTPUT_MESSAGES, names.OUTPUT_TOKENS} <= span.attributes.keys()


async def test_a_stream_says_when_its_first_piece_came(traces_file: Path) -> None:
    await _streamed()

    (call,) = kept(traces_file)
    assert 0 < call.attributes[names.TIME_TO_FIRST_CHUNK] <= call.seconds


def test_spans_are_a_tree_in_the_order_in_which_they_began(traces_file: Path) -> None:
    with in_scope(workflow="echo"), span("run"):
        with in_scope(node="draft"), span("node"), span("tool", tool="clock"):
            pass
        with in_scope(node="check"), span("node"):
            pass

    lines = [branches + span.title for branches, span in draw(kept(traces_file))]
    assert lines == ["run echo", "├─ node draft", "│  └─ execute_tool clock", "└─ node check"]


def test_a_trace_goes_on_in_another_process(traces_file: Path) -> None:
    with span("request", method="POST"):
        carried = traceparent()
    with in_scope(traceparent=carried, run_id="r1"), span("run"):
        pass

    first, second = read_trace(traces_file, "r1") if kept(traces_file) else []
    assert (second.trace_id, second.parent_id) == (first.trace_id, first.span_id)


def test_an_error_is_kept_without_its_secret(traces_file: Path) -> None:
    with pytest.raises(NotFound), span("tool", tool="clock"):
        raise NotFound("It is gone: sk-abcdefgh12345678.")

    (failed,) = kept(traces_file)
    assert failed.error == "It is gone: [redacted]."
    assert failed.attributes[names.ERROR] == "not-found"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("the key is sk-abcdefgh12345678", "the key is [redacted]"),
        ("write to jane@example.com", "write to [EMAIL_1]"),
        ({"a": ["jane@example.com"]}, '{"a": ["[EMAIL_1]"]}'),
        ("a\ud800b", "a\N{REPLACEMENT CHARACTER}b"),
        ({"a": "\ud800"}, '{"a": "\N{REPLACEMENT CHARACTER}"}'),
        (b"\x00\xff", '"AP8="'),
        ("x" * 1_000_000, f"{'x' * 200} [… 999800 characters left out]"),
        ({"numbers": [1, float("nan")]}, '{"numbers": [1, null]}'),
    ],
    ids=[
        "a secret",
        "an address",
        "one inside a list",
        "a lone surrogate",
        "one inside",
        "bytes",
        "a megabyte",
        "no number",
    ],
)
def test_whatever_is_said_can_be_kept(
    said: object, shown: str, traces_file: Path, set_environment: SetEnvironment
) -> None:
    set_environment(TRACES_MAX_CHARACTERS="200")
    with span("tool", tool="clock") as piece:
        piece.say(result=said)

    (found,) = kept(traces_file)
    assert found.attributes[names.TOOL_RESULT] == shown


@pytest.mark.parametrize("before", range(180, 200))
def test_an_address_at_the_cut_is_not_kept_in_part(
    before: int, traces_file: Path, set_environment: SetEnvironment
) -> None:
    set_environment(TRACES_MAX_CHARACTERS="200")
    with span("tool", tool="clock") as piece:
        piece.say(result="x" * before + " jane@example.com " * 500)

    (found,) = kept(traces_file)
    assert not {"j", "n", "@"} & set(found.attributes[names.TOOL_RESULT].partition("[…")[0])


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        ("Pay to\nDE89370400440532013000", "DE89"),
        ("Tel:\n+49 30 901820", "901820"),
        ("the key\tsk-abcdefgh12345678", "abcdefgh"),
        ({"password": "hunter2-hunter2"}, "hunter2"),
        ('{"text": "a\\nDE89370400440532013000"}', "DE89"),
        ({"jane@example.com": 1}, "jane"),
    ],
)
def test_nothing_hides_behind_the_escapes_of_json(said: object, hidden: str, traces_file: Path) -> None:
    with span("tool", tool="clock") as piece:
        piece.say(arguments={"value": said}, result=[said])

    (found,) = kept(traces_file)
    for name in (names.TOOL_ARGUMENTS, names.TOOL_RESULT):
        assert hidden not in found.attributes[name]
        json.loads(found.attributes[name])


def test_who_it_was_for_is_no_personal_data(traces_file: Path) -> None:
    with (
        in_scope(caller="user:jane@example.com", conversation="+49 30 901820", request_id="r-1"),
        span("run"),
    ):
        pass

    (found,) = kept(traces_file)
    assert found.attributes[names.USER].startswith("hash:")
    assert found.attributes[names.CONVERSATION].startswith("hash:")
    assert found.attributes[names.REQUEST] == "r-1"


async def test_a_picture_is_not_kept(traces_file: Path) -> None:
    picture = BinaryContent(b"My mail is jane@example.com", media_type="text/plain")
    with span("model_call", model="m") as piece:
        piece.say(messages=[ModelRequest([UserPromptPart(["Look:", picture])])])

    (found,) = kept(traces_file)
    assert "TXkgbWFpbCBpcyBqYW5l" not in str(found)
    assert "Look:" in found.attributes[names.INPUT_MESSAGES]


def test_of_a_long_conversation_the_newest_messages_are_kept(
    traces_file: Path, set_environment: SetEnvironment
) -> None:
    set_environment(TRACES_MAX_CHARACTERS="1000")
    with span("model_call", model="m") as piece:
        piece.say(messages=[ModelRequest([UserPromptPart(f"Question {n}")]) for n in range(200)])

    (found,) = kept(traces_file)
    messages = json.loads(found.attributes[names.INPUT_MESSAGES])
    assert messages[0] == "…"
    assert messages[-1]["parts"][0]["content"] == "Question 199"


def test_what_was_said_can_be_left_out(traces_file: Path, set_environment: SetEnvironment) -> None:
    set_environment(TRACES_CONTENTS="false")
    with span("tool", tool="clock") as piece:
        piece.say(result="12:00")
        piece.fail(ValueError("the customer wrote: my name is Jane Doe"))

    (found,) = kept(traces_file)
    assert names.TOOL_RESULT not in found.attributes
    assert (found.error, found.attributes[names.ERROR]) == ("", "ValueError")


class StrangeError(Exception):
    def code(self) -> int:
        return 1


@pytest.mark.parametrize("strange", [{"number": 2**70}, {"thing": object()}, {"error": StrangeError()}])
def test_what_cannot_be_kept_takes_nothing_else_with_it(
    strange: dict[str, Any], traces_file: Path, collector: type[Collector]
) -> None:
    with span("tool", tool="before"):
        pass
    with span("tool", tool="strange") as piece:
        if error := strange.pop("error", None):
            piece.fail(error)
        piece.set(**strange)

    assert [each.title for each in kept(traces_file)] == ["execute_tool strange", "execute_tool before"]
    assert {each.name for each, _ in collector.spans} == {"execute_tool strange", "execute_tool before"}


def test_probes_leave_no_trace(traces_file: Path) -> None:
    with span("request", method="GET") as piece:
        piece.set(path="/health/ready", route="/health/ready", status=200, probe=True)

    assert kept(traces_file) == []


def test_only_the_newest_are_kept(traces_file: Path, set_environment: SetEnvironment) -> None:
    set_environment(TRACES_MAX_SPANS="100")
    for number in range(150):
        with span("tool", tool=f"t{number}"):
            pass

    flush()
    with closing(sqlite3.connect(traces_file)) as connection:
        titles = [title for (title,) in connection.execute("SELECT title FROM spans ORDER BY number")]
    assert (len(titles), titles[0], titles[-1]) == (100, "execute_tool t50", "execute_tool t149")


def test_only_its_owner_can_read_the_file(traces_file: Path) -> None:
    with span("run"):
        pass

    flush()
    assert stat.S_IMODE(traces_file.stat().st_mode) == 0o600


def test_totals_are_those_of_the_model_calls(traces_file: Path) -> None:
    with span("run"):
        for _ in range(2):
            with span("model_call", model="m", input_tokens=10, output_tokens=5, cost=0.25):
                pass

    spans = kept(traces_file)
    assert (totals(spans).calls, totals(spans).tokens, totals(spans).cost) == (2, 30, 0.5)
    assert "10→5 tokens  $0.2500" in describe(spans[1])


def test_a_collector_gets_them_without_personal_data(collector: type[Collector]) -> None:
    with in_scope(run_id="r1"), span("run"), span("tool", tool="clock", file="jane@example.com") as piece:
        piece.say(result="private: jane@example.com")

    flush()
    found = {span.name: (span, headers) for span, headers in collector.spans}
    tool, headers = found["execute_tool clock"]
    run, _ = found["run None"]
    attributes = {each.key: each.value.string_value for each in tool.attributes}
    assert (tool.trace_id, tool.parent_span_id) == (run.trace_id, run.span_id)
    assert attributes[names.RUN] == "r1"
    assert attributes[names.TOOL_RESULT] == "private: [EMAIL_1]"
    assert "jane" not in str(collector.spans)
    assert headers["x-key"] == "Basic abc"


def test_a_collector_that_hangs_delays_the_end_by_less_than_three_seconds(
    set_environment: SetEnvironment,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes connections, and never answers
        set_environment(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{server.getsockname()[1]}")
        began_work = time.thread_time()  # of this thread alone: other tests may keep the machine busy
        for _ in range(5000):
            with span("run"):
                pass
        work = time.thread_time() - began_work
        began_end = time.monotonic()
        flush()
        flush()  # the lifespan has ended, and then the command
        end = time.monotonic() - began_end

    for thread in threading.enumerate():  # what is left ends soon now, and must not disturb other tests
        if thread.name == FLUSHING:
            thread.join(10)
    assert work < 1
    assert end < 3


def test_production_refuses_to_keep_them_on_the_machine(set_environment: SetEnvironment) -> None:
    set_environment(ENVIRONMENT="production", TRACES_LOCAL="true")

    with pytest.raises(ConfigurationError, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        check_traces()


def test_several_threads_write_at_the_same_time(traces_file: Path) -> None:
    def work(number: int) -> None:
        with span("tool", tool=f"t{number}"):
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(400)))

    assert len({each.title for each in _all(traces_file)}) == 400


def _all(file: Path) -> list[KeptSpan]:
    flush()
    return [span for trace in read_traces(file, 1000) for span in trace]


def test_nothing_that_was_said_commands_the_terminal(
    traces_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with span("tool", tool="\x1b[2J") as piece:
        piece.say(result="\x9b2J", file="\x1b[0m")
        piece.fail(ValueError("\x1b]0;pwned\x07"))
    (found,) = kept(traces_file)

    show(found.trace_id, contents=True)

    out = capsys.readouterr().out
    assert "app.said.file" in out
    assert not {"\x1b", "\x07", "\x9b"} & set(out)


@pytest.mark.slow
def test_the_commands_list_and_show_what_a_command_has_done(tmp_path: Path) -> None:
    environment = {
        "TRACES_LOCAL": "true",
        "TRACES_FILE": str(tmp_path / "traces.db"),
        "ENVIRONMENT": "test",
        "LLM_MODEL": "offline:demo",
    }

    run_app("ask", "Hello", **environment)
    (listed,) = json.loads(run_app("traces", "list", "--json", **environment).stdout)["traces"]
    shown = run_app("traces", "show", listed["trace_id"][:12], "--contents", **environment)
    missing = run_app("traces", "show", "nothing", **environment)

    assert listed["calls"] == 1
    assert "chat offline:demo" in shown.stdout
    assert "Hello" in shown.stdout
    assert (missing.returncode, "There is no trace 'nothing'" in missing.stderr) == (1, True)
