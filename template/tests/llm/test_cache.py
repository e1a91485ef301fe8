import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from app.llm import cache, complete, extract, stream
from app.llm.calls import Reply, TextDelta
from tests.conftest import SetEnvironment
from tests.llm.fake_provider import FakeProvider


class Person(BaseModel):
    name: str


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)

    day: date


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "FILE", tmp_path / "cache" / "llm.sqlite3")
    return tmp_path / "cache" / "llm.sqlite3"


def mode(file: Path) -> int | None:
    """Return who may do what with a file, or None if there is none."""
    return file.stat().st_mode & 0o777 if file.exists() else None


def spoil(file: Path, content: bytes | None) -> None:
    """Put something else into the file's place: other bytes, or a folder."""
    file.parent.mkdir()
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)


async def test_without_the_setting_nothing_is_stored(database: Path) -> None:
    await complete("Hello")

    assert mode(database) is None


async def test_the_same_call_is_answered_from_disk_and_costs_nothing(set_environment: SetEnvironment) -> None:
    set_environment(LLM_CACHE_SECONDS="60")

    first, second = await complete("Hello"), await complete("Hello")

    assert second.output == first.output
    assert (first.cached, second.cached) == (False, True)
    assert (second.requests, second.input_tokens, second.cost) == (0, 0, Decimal(0))


async def test_another_prompt_is_another_call(set_environment: SetEnvironment) -> None:
    set_environment(LLM_CACHE_SECONDS="60")

    await complete("Hello")

    assert not (await complete("Hello!")).cached


async def test_a_structure_comes_back_as_its_type(set_environment: SetEnvironment) -> None:
    set_environment(LLM_CACHE_SECONDS="60")

    first, second = await extract("Anna", Person), await extract("Anna", Person)

    assert second.output == first.output
    assert second.cached


async def test_a_stream_is_answered_from_it(set_environment: SetEnvironment) -> None:
    set_environment(LLM_CACHE_SECONDS="60")
    first = [event async for event in stream("One two")]

    second = [event async for event in stream("One two")]

    last = first[-1]
    assert isinstance(last, Reply)
    assert "".join(event.text for event in second if isinstance(event, TextDelta)) == last.output
    assert isinstance(second[-1], Reply)
    assert second[-1].cached


async def test_an_old_answer_is_not_used(
    set_environment: SetEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(LLM_CACHE_SECONDS="60")
    await complete("Hello")

    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)

    assert not (await complete("Hello")).cached


async def test_only_the_owner_can_read_the_file(set_environment: SetEnvironment, database: Path) -> None:
    set_environment(LLM_CACHE_SECONDS="60")

    await complete("Hello")

    assert mode(database) == 0o600


@pytest.mark.parametrize("damage", [b"no database", None])
async def test_a_file_that_cannot_be_used_costs_no_answer(
    damage: bytes | None, database: Path, set_environment: SetEnvironment
) -> None:
    set_environment(LLM_CACHE_SECONDS="60")
    spoil(database, damage)

    assert (await complete("Hello")).output.endswith("Hello")


async def test_a_strict_structure_is_read_again(set_environment: SetEnvironment) -> None:
    set_environment(LLM_CACHE_SECONDS="60")

    first, second = await extract("Anna", Strict), await extract("Anna", Strict)

    assert second.cached
    assert second.output == first.output


async def test_the_answer_of_another_model_is_not_kept(
    provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    set_environment(LLM_CACHE_SECONDS="60", LLM_FALLBACK_MODELS="offline:demo")
    provider.answers.extend([500, "Hello there"])

    replies = [await complete("Hello"), await complete("Hello")]

    assert [(reply.model, reply.cached) for reply in replies] == [
        ("offline:demo", False),
        ("openai:gpt-4.1-mini", False),
    ]
