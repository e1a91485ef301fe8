"""Prompts that are managed in Langfuse, and scores: a local server stands for it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.lifespan import open_features
from app.core.scope import in_scope
from app.core.spans import span
from app.langfuse import cli, prompts, scores
from app.langfuse.prompts import parse_local
from app.llm import load_prompt
from tests.commands import run_app
from tests.conftest import SetEnvironment
from tests.langfuse.server import FakeLangfuse

NAME = "llm.chat"
TEXT = "You are another assistant."


@pytest.fixture
def langfuse(set_environment: SetEnvironment) -> Iterator[FakeLangfuse]:
    prompts.forget()
    with FakeLangfuse() as server:
        set_environment(**keys(server), LANGFUSE_PROMPT_LABEL="production")
        yield server
    prompts.forget()


def keys(server: FakeLangfuse) -> dict[str, str]:
    return {
        "LANGFUSE_PUBLIC_KEY": "pk-lf-1",
        "LANGFUSE_SECRET_KEY": "sk-lf-23456789",
        "LANGFUSE_HOST": server.url,
        "TRACES_LOCAL": "false",
    }


async def test_the_version_with_the_label_stands_for_the_file(langfuse: FakeLangfuse) -> None:
    langfuse.put(NAME, TEXT, version=7)

    async with open_features():
        found = load_prompt(NAME).render()

    assert (found.text, found.version) == (TEXT, 7)


async def test_what_it_has_not_is_the_file(langfuse: FakeLangfuse) -> None:
    async with open_features():
        assert load_prompt(NAME) == parse_local(NAME)


async def test_a_prompt_with_other_variables_is_refused(langfuse: FakeLangfuse) -> None:
    langfuse.put(NAME, "Hello {{ name }}.")

    async with open_features():
        assert load_prompt(NAME) == parse_local(NAME)


@pytest.mark.parametrize("status", [401, 500, 302])
async def test_where_it_fails_the_file_is_used(status: int, langfuse: FakeLangfuse) -> None:
    langfuse.put(NAME, TEXT)
    langfuse.status = status

    async with open_features():
        assert load_prompt(NAME) == parse_local(NAME)


async def test_nothing_waits_for_one_that_is_slow(langfuse: FakeLangfuse) -> None:
    langfuse.put(NAME, TEXT)
    langfuse.delay = 0.5
    started = time.perf_counter()

    found = load_prompt(NAME)

    assert time.perf_counter() - started < 0.2
    assert found == parse_local(NAME)


def test_without_a_label_nothing_is_asked(langfuse: FakeLangfuse, set_environment: SetEnvironment) -> None:
    set_environment(LANGFUSE_PROMPT_LABEL="")

    load_prompt(NAME)

    assert not langfuse.asked


def test_the_list_says_where_file_and_langfuse_differ(langfuse: FakeLangfuse) -> None:
    langfuse.put(NAME, TEXT, version=3)

    listed = json.loads(run_app("prompts", "list", "--json", **keys(langfuse)).stdout)["prompts"]

    row = next(row for row in listed if row["name"] == NAME)
    assert (row["langfuse"], row["same"]) == (3, False)


def test_a_push_shows_what_changes_and_makes_the_next_version(langfuse: FakeLangfuse) -> None:
    langfuse.put(NAME, TEXT, version=3)

    done = run_app("prompts", "push", NAME, "--yes", **keys(langfuse))

    assert done.returncode == 0, done.stderr
    assert f"-{TEXT}" in done.stdout
    assert f"Version 4 of {NAME} is production now." in done.stdout
    assert langfuse.prompts[NAME, "production"]["prompt"] == parse_local(NAME).template.strip()


def test_without_a_yes_nothing_is_pushed(langfuse: FakeLangfuse) -> None:
    langfuse.put(NAME, TEXT, version=3)

    run_app("prompts", "push", NAME, **keys(langfuse))

    assert langfuse.prompts[NAME, "production"]["version"] == 3


def test_a_pull_writes_the_next_version_of_the_file(
    langfuse: FakeLangfuse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "chat.md"
    path.write_text(f"---\nname: {NAME}\nversion: 4\n---\nBe kind.\n", encoding="utf-8")
    monkeypatch.setattr("app.llm.prompts.prompt_files", lambda: {NAME: path})
    monkeypatch.setattr("app.langfuse.prompts.prompt_files", lambda: {NAME: path})
    monkeypatch.setattr("app.llm.prompt_files", lambda: {NAME: path}, raising=False)
    langfuse.put(NAME, TEXT, version=9)

    cli.pull(NAME, yes=True)

    assert path.read_text(encoding="utf-8") == f"---\nname: {NAME}\nversion: 5\n---\n{TEXT}\n"


@pytest.mark.parametrize(
    ("name", "environment", "problem"),
    [
        (NAME, {}, "LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are not set"),
        (
            "no.such",
            {"LANGFUSE_PUBLIC_KEY": "pk", "LANGFUSE_SECRET_KEY": "sk"},
            "There is no prompt 'no.such'",
        ),
        (
            NAME,
            {
                "LANGFUSE_PUBLIC_KEY": "pk",
                "LANGFUSE_SECRET_KEY": "sk",
                "LANGFUSE_HOST": "http://127.0.0.1:9",
                "TRACES_LOCAL": "false",
            },
            "Langfuse at http://127.0.0.1:9 cannot be used",
        ),
    ],
)
def test_what_is_wrong_is_named(name: str, environment: dict[str, str], problem: str) -> None:
    done = run_app("prompts", "push", name, "--yes", **environment)

    assert done.returncode == 1
    assert problem in done.stderr


def rate(*, helpful: bool, comment: str = "") -> None:
    with span("feedback", helpful=helpful, rated_trace="a" * 32) as piece:
        piece.say(comment=comment)
    scores._thread().submit(int).result()  # noqa: SLF001 - what was sent before it has arrived


def test_feedback_said_again_takes_the_place_of_the_first(langfuse: FakeLangfuse) -> None:
    for caller, helpful in (("a", False), ("a", True), ("b", True)):
        with in_scope(caller=caller):
            rate(helpful=helpful)

    first, again, of_another = (score["id"] for score in langfuse.scores)
    assert first == again
    assert first != of_another


def test_feedback_becomes_a_score_of_the_trace_without_personal_data(langfuse: FakeLangfuse) -> None:
    rate(helpful=False, comment="Ask ada@example.com.")

    assert langfuse.scores == [
        {
            "id": langfuse.scores[0]["id"],
            "traceId": "a" * 32,
            "name": "helpful",
            "value": 0,
            "dataType": "BOOLEAN",
            "comment": "Ask [EMAIL_1].",
        }
    ]
