import time
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel

from app.llm import cache, complete, extract, stream
from app.llm.calls import Reply, TextDelta
from tests.conftest import SetEnvironment


class Person(BaseModel):
    name: str


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "FILE", tmp_path / "cache" / "llm.sqlite3")
    return tmp_path / "cache" / "llm.sqlite3"


def mode(file: Path) -> int | None:
    """Return who may do what with a file, or None if there is none."""
    return file.stat().st_mode & 0o777 if file.exists() else None


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


async def test_a_stream_is_answered_in_one_piece(set_environment: SetEnvironment) -> None:
    set_environment(LLM_CACHE_SECONDS="60")
    first = [event async for event in stream("One two")]

    second = [event async for event in stream("One two")]

    last = first[-1]
    assert isinstance(last, Reply)
    assert second[0] == TextDelta(last.output)


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
