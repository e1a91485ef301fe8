"""Documents over HTTP: who adds, finds and deletes them, and that workers index them."""

import json
from collections.abc import Generator
from pathlib import Path
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.api import create_key
from app.parsing.errors import DocumentError
from app.rag import get_document, ingest
from app.rag.workflows import IngestDocument, IngestParts, run_ingest_document, run_ingest_parts
from app.runs import Run, get_run
from app.workflows import Steps
from tests.conftest import SetEnvironment

pytestmark = pytest.mark.usefixtures("database", "broker")

LAMPS = b"# Returns\n\nA lamp may be returned within 30 days."


async def use_key(client: AsyncClient, *scopes: str, groups: tuple[str, ...] = ()) -> str:
    """Let a client be somebody; returns who."""
    key = await create_key("somebody", scopes, groups=groups)
    client.headers["Authorization"] = f"Bearer {key.text}"
    return f"key:{key.id}"


async def upload(client: AsyncClient, file: bytes = LAMPS, name: str = "rules.md", **form: str) -> str:
    """Add a document, and index it as a worker would."""
    answer = await client.post("/v1/documents", files={"file": (name, file)}, data=form)
    assert answer.status_code in {200, 202}, answer.text
    if answer.status_code == 202:
        await ingest(UUID(answer.json()["id"]))
    return str(answer.json()["id"])


async def found(client: AsyncClient, query: str = "lamp") -> list[str]:
    answer = await client.post("/v1/search", json={"query": query})
    assert answer.status_code == 200, answer.text
    return [hit["text"] for hit in answer.json()["hits"]]


async def test_an_upload_is_accepted_and_a_run_indexes_it(client: AsyncClient) -> None:
    answer = await client.post("/v1/documents", files={"file": ("rules.md", LAMPS)})

    document = answer.json()
    assert (answer.status_code, document["state"], document["source"]) == (202, "queued", "rules.md")
    assert answer.headers["Location"] == f"/v1/documents/{document['id']}"
    runs = (await client.get("/v1/runs?workflow=ingest_document")).json()["runs"]
    assert len(runs) == 1

    await run_ingest_document(IngestDocument(document=UUID(document["id"])), Steps())

    shown = (await client.get(answer.headers["Location"])).json()
    assert (shown["state"], shown["chunks"], shown["format"]) == ("indexed", 1, "markdown")


async def test_the_same_file_again_is_answered_with_200_and_starts_no_run(client: AsyncClient) -> None:
    first = await upload(client)

    answer = await client.post("/v1/documents", files={"file": ("rules.md", LAMPS)})

    assert (answer.status_code, answer.json()["id"]) == (200, first)
    assert len((await client.get("/v1/runs")).json()["runs"]) == 1


async def test_a_hit_says_where_it_stands_and_how_it_was_found(client: AsyncClient) -> None:
    document = await upload(client)

    answer = await client.post("/v1/search", json={"query": "return a lamp", "profile": "hybrid"})

    (hit,) = answer.json()["hits"]
    assert (hit["document"], hit["source"], hit["headings"]) == (document, "rules.md", ["Returns"])
    assert set(hit["scores"]) == set(hit["found_by"]) == {"dense", "keyword"}


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"query": ""}, "body.query"),
        ({"query": "lamp", "filter": {"unknown": 1}}, None),
        ({"query": "lamp", "filter": {"page": "three"}}, "filter.page"),
        ({"query": "lamp", "filter": {"page": {"like": 3}}}, "filter.page"),
        ({"query": "lamp", "profile": "best"}, None),
        ({"query": "lamp\0"}, "body.query"),
        ({"query": "x" * 10_001}, "body.query"),
    ],
)
async def test_a_wrong_search_is_refused_with_what_is_wrong(
    client: AsyncClient, request_: dict[str, object], field: str | None
) -> None:
    answer = await client.post("/v1/search", json=request_)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json().get("errors", [])] == ([field] if field else [])


async def test_what_a_key_adds_is_its_own(anonymous: AsyncClient) -> None:
    mine = await use_key(anonymous, "documents:*")
    document = await upload(anonymous)
    assert (await anonymous.get(f"/v1/documents/{document}")).json()["owner"] == mine
    assert len(await found(anonymous)) == 1

    await use_key(anonymous, "documents:*")

    assert await found(anonymous) == []
    assert (await anonymous.get("/v1/documents")).json()["documents"] == []
    for method, path in (("GET", ""), ("GET", "/events"), ("DELETE", "")):
        answer = await anonymous.request(method, f"/v1/documents/{document}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "document-not-found")
    assert await get_document(UUID(document))


async def test_what_belongs_to_a_group_its_members_find(anonymous: AsyncClient) -> None:
    await use_key(anonymous, "documents:*", groups=("law",))
    await upload(anonymous, owner="group:law")

    await use_key(anonymous, "documents:read", groups=("law", "sales"))
    of_the_group = await found(anonymous)
    await use_key(anonymous, "documents:read", groups=("sales",))
    of_another = await found(anonymous)

    assert (len(of_the_group), of_another) == (1, [])


@pytest.mark.parametrize("owner", ["everyone", "group:law", "key:other"])
async def test_nobody_adds_documents_for_others_without_the_right(anonymous: AsyncClient, owner: str) -> None:
    await use_key(anonymous, "documents:*")

    answer = await anonymous.post("/v1/documents", files={"file": ("rules.md", LAMPS)}, data={"owner": owner})

    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")


async def test_a_key_for_all_adds_for_everyone_and_finds_all(anonymous: AsyncClient) -> None:
    await use_key(anonymous, "documents:*:all")
    await upload(anonymous)
    await use_key(anonymous, "documents:read")
    assert len(await found(anonymous)) == 1

    await use_key(anonymous, "documents:*")
    await upload(anonymous, b"The lamp of somebody.", "own.md")
    await use_key(anonymous, "documents:read:all")
    assert len(await found(anonymous)) == 2


async def test_deletion_leaves_nothing_behind(client: AsyncClient) -> None:
    document = await upload(client)

    assert (await client.delete(f"/v1/documents/{document}")).status_code == 204

    assert await found(client) == []
    assert (await client.get(f"/v1/documents/{document}")).status_code == 404


async def test_a_file_that_cannot_be_read_says_why(client: AsyncClient) -> None:
    answer = await client.post("/v1/documents", files={"file": ("broken.pdf", b"%PDF-1.7 nothing")})
    document = answer.json()["id"]

    with pytest.raises(DocumentError):
        await ingest(UUID(document))

    shown = (await client.get(f"/v1/documents/{document}")).json()
    assert shown["state"] == "failed"
    assert shown["error"]["detail"]


async def test_the_event_stream_ends_when_the_document_can_be_found(client: AsyncClient) -> None:
    document = await upload(client)

    stream = await client.get(f"/v1/documents/{document}/events")

    assert stream.headers["content-type"].startswith("text/event-stream")
    event = json.loads(next(line[6:] for line in stream.text.splitlines() if line.startswith("data: ")))
    assert (event["id"], event["state"]) == (document, "indexed")


async def test_a_large_document_is_shared_by_several_runs(
    client: AsyncClient, set_environment: SetEnvironment, database: str
) -> None:
    set_environment(DATABASE_URL=database, RAG_PART_CHUNKS="16", RAG_PARTS_PER_RUN="1")
    text = "\n\n".join(f"# Part {number}\n\nAbout subject{number}." for number in range(64))
    answer = await client.post("/v1/documents", files={"file": ("long.md", text.encode())})
    document = UUID(answer.json()["id"])

    shared = await run_ingest_document(IngestDocument(document=document), Steps())

    assert shared.state == "embedding"
    runs = (await client.get("/v1/runs?workflow=ingest_parts")).json()["runs"]
    assert len(runs) == 4
    states = []
    for run in reversed(runs):
        stored: Run | None = await get_run(UUID(run["id"]))
        assert stored
        states.append((await run_ingest_parts(IngestParts.model_validate(stored.input), Steps())).state)
    assert states == ["embedding", "embedding", "embedding", "indexed"]
    assert len(await found(client, "subject63")) > 0


async def test_a_run_of_a_document_that_was_deleted_ends(client: AsyncClient) -> None:
    document = await upload(client)
    await client.delete(f"/v1/documents/{document}")

    ended = await run_ingest_document(IngestDocument(document=UUID(document)), Steps())

    assert ended.state == "deleting"


async def test_a_url_is_fetched_only_from_a_host_that_is_allowed(client: AsyncClient) -> None:
    await use_key(client, "documents:read", "documents:write")

    answer = await client.post("/v1/documents", data={"url": "https://docs.example.com/a.pdf"})

    assert answer.status_code == 422
    assert "RAG_ALLOWED_HOSTS" in answer.text


async def test_a_file_or_a_url_is_needed(client: AsyncClient) -> None:
    await use_key(client, "documents:read", "documents:write")

    answer = await client.post("/v1/documents", data={"source": "nothing.md"})

    assert answer.status_code == 422
    assert "either a file or a url" in answer.text


async def test_a_file_that_is_sent_as_text_is_refused_with_its_field(client: AsyncClient) -> None:
    answer = await client.post("/v1/documents", data={"file": "hello"})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["body.file"]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Let temporary files be on a disk that is full: the kernel's own."""
    with Path("/dev/full").open("r+b", buffering=0) as full:
        monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: full)
        yield


async def test_an_upload_that_finds_the_disk_full_says_so(client: AsyncClient, full_disk: None) -> None:
    answer = await client.post("/v1/documents", files={"file": ("rules.md", LAMPS * 50_000)})

    assert (answer.status_code, answer.json()["code"]) == (507, "insufficient-storage")
    assert (await client.get("/v1/documents")).json()["documents"] == []
