"""Contexts that a model writes, what they cost before they are written, and files that are watched."""

import asyncio
import json
from contextlib import aclosing
from pathlib import Path

import pytest

from app.rag import State, add_document, get_document, index_to_search, ingest, search
from app.rag.adding import add_files
from app.rag.estimating import estimate_files
from app.rag.files import find_files, source_of
from app.rag.watching import changes
from tests.commands import run_app
from tests.conftest import SetEnvironment

PRICES = "# Passport office, prices of 2026\n\nOpening.\n\n# Fees\n\nThe fee is 40 euros."


@pytest.fixture
def contexts(set_environment: SetEnvironment, database: str) -> None:
    set_environment(DATABASE_URL=database, RAG_CONTEXTS="true")


@pytest.mark.usefixtures("contexts")
async def test_a_chunk_is_found_by_what_its_context_says() -> None:
    document, _ = await add_document(PRICES.encode(), "prices.md")
    assert await ingest(document.id) == State.indexed

    hits = await search("passport", readers=None, profile="keyword")

    assert {hit.text for hit in hits} >= {"Fees\n\nThe fee is 40 euros."}
    listed = await get_document(document.id)
    assert listed
    assert listed.entry
    assert listed.entry.tokens > 100


@pytest.mark.usefixtures("contexts")
async def test_an_estimate_asks_no_model_and_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "prices.md").write_text(PRICES)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")

    estimate = await estimate_files(find_files([tmp_path]))

    assert (estimate.files, estimate.unreadable, estimate.chunks) == (2, 1, 2)
    assert estimate.context_tokens[0] > estimate.embedded_tokens > 10
    assert await index_to_search() is None


@pytest.mark.usefixtures("database")
async def test_a_folder_is_added_and_what_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/notes.md").write_text("The lamp is red.")
    (tmp_path / "notes.md").write_text("The lamp is blue.")
    (tmp_path / "broken.docx").write_bytes(b"PK\x03\x04 nothing")
    (tmp_path / ".hidden").write_text("no")

    outcomes = [outcome async for outcome in add_files(find_files([tmp_path]))]

    assert sorted((Path(each.place).name, each.state) for each in outcomes) == [
        ("broken.docx", "failed"),
        ("notes.md", "indexed"),
        ("notes.md", "indexed"),
    ]
    assert len(await search("lamp", readers=None)) == 2
    again = [outcome.state async for outcome in add_files(find_files([tmp_path / "a"]))]
    assert again == ["unchanged"]


async def test_what_an_interruption_has_left_is_done_the_next_time(tmp_path: Path, database: str) -> None:
    del database
    (tmp_path / "notes.md").write_text("A lamp may be returned.")
    await add_document((tmp_path / "notes.md").read_bytes(), source_of(tmp_path / "notes.md"))

    states = [outcome.state async for outcome in add_files(find_files([tmp_path]))]

    assert states == ["indexed"]


async def test_what_changes_and_what_goes_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.rag.watching._LOOK_SECONDS", 0.02)
    (tmp_path / "old.md").write_text("old")
    async with aclosing(changes([tmp_path])) as seen:
        following = asyncio.ensure_future(anext(seen))
        await asyncio.sleep(0.1)
        (tmp_path / "new.md").write_text("new")
        assert await following == ([tmp_path / "new.md"], [])

        following = asyncio.ensure_future(anext(seen))
        await asyncio.sleep(0.1)
        (tmp_path / "old.md").unlink()
        assert await following == ([], [tmp_path / "old.md"])


@pytest.mark.slow
def test_the_commands_add_find_and_answer(tmp_path: Path, own_database: str) -> None:
    environment = {"DATABASE_URL": own_database, "ENVIRONMENT": "test"}
    (tmp_path / "rules.md").write_text("# Returns\n\nA lamp may be returned within 30 days of delivery.")

    added = run_app("documents", "add", str(tmp_path), "--json", **environment)
    found = run_app("search", "return a lamp", "--json", **environment)
    answered = run_app("ask", "--documents", "When may a lamp be returned?", **environment)

    assert [each["state"] for each in json.loads(added.stdout)["documents"]] == ["indexed"], added.stderr
    assert json.loads(found.stdout)["hits"][0]["headings"] == ["Returns"]
    assert "within 30 days of delivery [1]" in answered.stdout
    assert "rules.md" in answered.stdout


@pytest.mark.slow
def test_the_commands_estimate_and_remove(tmp_path: Path, own_database: str) -> None:
    environment = {"DATABASE_URL": own_database, "ENVIRONMENT": "test"}
    (tmp_path / "rules.md").write_text("# Returns\n\nA lamp may be returned within 30 days of delivery.")

    dry = run_app("documents", "add", str(tmp_path), "--dry-run", **environment)
    run_app("documents", "add", str(tmp_path), **environment)
    removed = run_app("documents", "remove", str(tmp_path), **environment)
    listed = run_app("documents", "list", "--json", **environment)

    assert "1 chunks" in dry.stdout
    assert "rules.md" in removed.stdout
    assert json.loads(listed.stdout) == {"documents": []}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "url", "why"),
    [
        (["add", "nothing-here"], None, "There is no file or folder"),
        (["list"], "postgresql://app@127.0.0.1:1/app", "PostgreSQL at 127.0.0.1:1/app does not answer"),
    ],
)
def test_a_command_that_fails_prints_why_and_nothing_else(
    arguments: list[str], url: str | None, why: str, own_database: str
) -> None:
    failed = run_app("documents", *arguments, DATABASE_URL=url or own_database, ENVIRONMENT="test")

    assert failed.returncode == 1
    assert failed.stderr.startswith(f"Error: {why}")
    assert (failed.stdout, failed.stderr.count("\n")) == ("", 1)
