"""From a file to what can be found, and what an interruption leaves."""

from uuid import uuid4

import numpy as np
import pytest

from app.llm.embeddings import LOCAL, Embedded, embed
from app.parsing.errors import DocumentEmpty, DocumentError
from app.rag import (
    EVERYONE,
    State,
    add_document,
    get_document,
    get_store,
    index_to_search,
    ingest,
    part_repository,
    pipeline,
    reindex,
    remove_document,
    resume,
    search,
)
from app.rag.errors import FileTooLarge, IndexMismatch, RagDocumentNotFound, UnknownField
from app.rag.models import RagPart
from app.rag.part_repository import PartKey
from tests.conftest import SetEnvironment
from tests.rag.fixtures import Put

pytestmark = pytest.mark.usefixtures("database")

LAMPS = "# Returns\n\nA lamp may be returned within 30 days.\n\n# Hours\n\nWe open at nine.\n"


async def found(question: str, profile: str = "keyword") -> list[str]:
    return [hit.text for hit in await search(question, readers=None, profile=profile)]


async def chunks() -> int:
    index = await index_to_search()
    return await get_store().count(index) if index else 0


async def test_a_document_is_found_with_its_headings_and_source(put: Put) -> None:
    document = await put(LAMPS, "shop/rules.md")

    hits = await search("When may I return a lamp?", readers=None)

    assert (hits[0].headings, hits[0].source, hits[0].document) == (
        ("Returns",),
        "shop/rules.md",
        document.id,
    )


async def test_the_same_file_again_changes_nothing(put: Put) -> None:
    first = await put(LAMPS)
    before = await chunks()

    again, is_new = await add_document(LAMPS.encode(), "notes.md")

    assert (again.id, again.version, is_new) == (first.id, 1, False)
    assert await chunks() == before


async def test_a_changed_file_replaces_its_own_chunks_alone(put: Put) -> None:
    await put(LAMPS)
    await put("# Pay\n\nInvoices are paid within two weeks.", "pay.md")

    await put("# Returns\n\nA lamp may be returned within 60 days.")

    assert await found("returned lamp") == ["Returns\n\nA lamp may be returned within 60 days."]
    assert await found("nine") == []
    assert len(await found("invoices")) == 1


async def test_two_files_of_one_name_in_two_folders_are_two_documents(put: Put) -> None:
    await put("The lamp is red.", "a/notes.md")
    await put("The lamp is blue.", "b/notes.md")

    assert sorted(await found("lamp")) == ["The lamp is blue.", "The lamp is red."]


async def test_deletion_leaves_nothing_behind(put: Put) -> None:
    document = await put(LAMPS)

    await remove_document(document.id)

    assert await found("lamp") == []
    assert await chunks() == 0
    assert await get_document(document.id) is None


async def test_what_is_deleted_twice_is_not_there() -> None:
    with pytest.raises(RagDocumentNotFound):
        await remove_document(uuid4())


async def test_a_removal_that_was_interrupted_is_finished_later(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await put(LAMPS)
    with monkeypatch.context() as broken:
        broken.setattr(type(get_store()), "delete", _fail)
        with pytest.raises(ConnectionError):
            await remove_document(document.id)
    assert await found("lamp") == []  # not found from the first moment on

    await resume()

    assert await chunks() == 0
    assert await get_document(document.id) is None


async def _fail(*_arguments: object, **_options: object) -> None:
    raise ConnectionError


async def test_a_document_that_was_interrupted_goes_on_with_the_part_that_is_missing(
    set_environment: SetEnvironment, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(DATABASE_URL=database, RAG_PART_CHUNKS="16")
    text = "\n\n".join(f"# Part {number}\n\nAbout subject{number}." for number in range(64))
    document, _ = await add_document(text.encode(), "long.md")
    embedded: list[int] = []

    async def fail_at_the_third(texts: list[str], *, embedder: str) -> Embedded:
        embedded.append(len(texts))
        if len(embedded) == 3:
            raise ConnectionError
        return await embed(texts, embedder=embedder)

    monkeypatch.setattr(pipeline, "embed", fail_at_the_third)
    with pytest.raises(ConnectionError):
        await ingest(document.id)
    assert await found("subject1") == []

    assert await ingest(document.id) == State.indexed

    assert embedded == [16, 16, 16, 16, 16]
    assert await chunks() == 64
    assert len(await found("subject63")) == 1


async def test_two_that_index_the_same_document_leave_it_there_once(
    set_environment: SetEnvironment, database: str
) -> None:
    import asyncio

    set_environment(DATABASE_URL=database, RAG_PART_CHUNKS="16")
    text = "\n\n".join(f"# Part {number}\n\nAbout subject{number}." for number in range(64))
    document, _ = await add_document(text.encode(), "long.md")

    await asyncio.gather(*(ingest(document.id) for _ in range(4)))

    assert await chunks() == 64
    assert len(await found("subject7")) == 1


async def test_one_that_is_overtaken_while_it_writes_leaves_what_the_other_has_entered(
    set_environment: SetEnvironment, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(DATABASE_URL=database, RAG_PART_CHUNKS="16")
    text = "\n\n".join(f"# Part {number}\n\nAbout subject{number}." for number in range(64))
    document, _ = await add_document(text.encode(), "long.md")
    asked: list[PartKey] = []

    async def overtaken_after_the_first(key: PartKey) -> RagPart | None:
        part = await get_part(key)
        asked.append(key)
        if len(asked) == 5:  # four are asked for to be embedded, the fifth to be written
            assert await ingest(document.id) == State.indexed
        return part

    get_part = part_repository.get_part
    monkeypatch.setattr(part_repository, "get_part", overtaken_after_the_first)
    assert await ingest(document.id) == State.indexed

    listed = await get_document(document.id)
    assert listed
    assert listed.entry
    assert listed.entry.chunks == await chunks() == 64


async def test_a_run_that_comes_too_late_begins_nothing_anew(put: Put) -> None:
    document = await put(LAMPS)
    before = await get_document(document.id)

    assert await ingest(document.id) == State.indexed

    after = await get_document(document.id)
    assert before
    assert after
    assert after.entry
    assert before.entry
    assert (after.parts, after.entry.indexed_at) == (0, before.entry.indexed_at)


async def test_what_failed_is_kept_with_the_document_and_can_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document, _ = await add_document(LAMPS.encode(), "notes.md")

    async def stays_silent(*_: object, **__: object) -> Embedded:
        return Embedded(np.ones((2, 3), np.float32), LOCAL, 0, None)

    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "embed", stays_silent)
        with pytest.raises(IndexMismatch, match="reindex"):
            await ingest(document.id)
    failed = await get_document(document.id)
    assert failed
    assert failed.document.state == State.failed
    assert failed.document.error
    assert failed.document.error["code"] == "index-mismatch"

    again, is_new = await add_document(LAMPS.encode(), "notes.md")
    await ingest(again.id)

    assert is_new
    assert len(await found("lamp")) == 1


async def test_a_file_without_text_is_refused_by_name() -> None:
    document, _ = await add_document(b"   \n\n", "empty.txt")

    with pytest.raises(DocumentEmpty):
        await ingest(document.id)


async def test_a_file_that_is_too_large_is_refused(set_environment: SetEnvironment, database: str) -> None:
    set_environment(DATABASE_URL=database, RAG_MAX_FILE_BYTES="1000")

    with pytest.raises(FileTooLarge, match="RAG_MAX_FILE_BYTES"):
        await add_document(b"x" * 1001, "large.txt")


@pytest.mark.parametrize("fields", [{"team": "law"}, {"': DROP": 1}])
async def test_a_field_that_the_settings_do_not_name_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(UnknownField):
        await add_document(b"text", "a.txt", fields=fields)


@pytest.mark.parametrize("text", ["The lamp \ufffe is \u202e red.", "\r\nlamp\r\n"])
async def test_control_characters_in_a_text_do_no_harm(put: Put, text: str) -> None:
    await put(text)

    assert len(await found("lamp")) == 1


async def test_a_file_with_nul_bytes_is_no_text() -> None:
    document, _ = await add_document(b"The lamp\x00 is red." * 3, "lamp.txt")

    with pytest.raises(DocumentError):
        await ingest(document.id)


@pytest.mark.parametrize("text", ["word " * 200_000, "x" * 300_000, "東京" * 50_000])
async def test_one_giant_line_is_cut(put: Put, text: str) -> None:
    document = await put(text, "giant.txt")

    listed = await get_document(document.id)
    assert listed
    assert listed.entry
    assert listed.entry.chunks > 50


async def test_a_new_index_takes_the_place_of_the_old_one(
    put: Put, set_environment: SetEnvironment, database: str
) -> None:
    await put(LAMPS)
    await put("# Pay\n\nInvoices are paid within two weeks.", "pay.md")
    before = await index_to_search()
    set_environment(DATABASE_URL=database, RAG_CHUNKING="recursive")

    after = await reindex()

    assert before
    assert after.id != before.id
    assert await index_to_search() == after
    assert await get_store().count(before) == 0
    assert len(await found("lamp")) == 1


async def test_another_embedder_than_the_indexs_is_refused(
    put: Put, set_environment: SetEnvironment, database: str
) -> None:
    await put(LAMPS)
    set_environment(DATABASE_URL=database, RAG_EMBEDDER="openai:text-embedding-3-small")

    with pytest.raises(IndexMismatch, match="documents reindex"):
        await search("lamp", readers=None)


async def test_a_reader_finds_what_is_everyones_and_its_own(put: Put) -> None:
    await put("The lamp of everyone.", "a.md", EVERYONE)
    await put("The lamp of somebody else.", "a.md", "key:other")
    await put("The lamp of a group.", "a.md", "group:law")

    hits = await search("lamp", readers=(EVERYONE, "group:law"))

    assert sorted(hit.text for hit in hits) == ["The lamp of a group.", "The lamp of everyone."]


async def test_before_the_first_document_nothing_is_found() -> None:
    assert await search("lamp", readers=None) == []
