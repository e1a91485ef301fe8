"""A reader without the right finds nothing, by whichever door: HTTP, chat, runs, agents, MCP."""

import json

import pytest
from httpx2 import AsyncClient

from app.core.scope import in_scope
from app.rag.access import current_readers
from app.rag.errors import DocumentsNotAllowed
from app.rag.tools import search_documents
from tests.rag.http.test_documents import upload, use_key

pytestmark = pytest.mark.usefixtures("database", "broker")

SECRET = b"# Salaries\n\nThe salary of the director is 9,917 euros a month."
QUESTION = "What is the salary of the director?"


async def asked(client: AsyncClient, door: str) -> str:
    """Return all that comes out of a door."""
    if door == "search":
        answer = await client.post("/v1/search", json={"query": QUESTION})
    elif door == "answers":
        answer = await client.post("/v1/answers", json={"question": QUESTION})
    elif door == "stream":
        answer = await client.post("/v1/answers", json={"question": QUESTION, "stream": True})
    else:
        body = {"model": "documents", "messages": [{"role": "user", "content": QUESTION}]}
        answer = await client.post("/v1/chat/completions", json={**body, "stream": door == "chat stream"})
    return f"{answer.status_code} {answer.text}"


DOORS = ["search", "answers", "stream", "chat", "chat stream"]


@pytest.mark.parametrize("door", DOORS)
async def test_who_may_read_a_document_is_answered(anonymous: AsyncClient, door: str) -> None:
    await use_key(anonymous, "documents:*", "runs:*")
    await upload(anonymous, SECRET, "salaries.md")

    said = await asked(anonymous, door)

    assert said.startswith("200")
    assert "9,917" in said


@pytest.mark.parametrize("scopes", [("documents:read", "runs:*"), ("runs:*",)])
@pytest.mark.parametrize("door", DOORS)
async def test_who_may_not_finds_nothing(anonymous: AsyncClient, door: str, scopes: tuple[str, ...]) -> None:
    await use_key(anonymous, "documents:*")
    await upload(anonymous, SECRET, "salaries.md")
    await use_key(anonymous, *scopes)

    said = await asked(anonymous, door)

    assert "9,917" not in said
    assert "salaries.md" not in said


async def test_an_agent_finds_what_its_caller_may_read(anonymous: AsyncClient) -> None:
    owner = await use_key(anonymous, "documents:*")
    await upload(anonymous, SECRET, "salaries.md")

    with in_scope(caller=owner, rights=("documents:read",)):
        own = json.loads(await search_documents.call({"query": QUESTION}))
    with in_scope(caller="key:other", rights=("documents:read",)):
        others = json.loads(await search_documents.call({"query": QUESTION}))

    assert ([hit["source"] for hit in own], others) == (["salaries.md"], [])
    with in_scope(caller="key:other", rights=("runs:*",)), pytest.raises(DocumentsNotAllowed):
        await search_documents.call({"query": QUESTION})


def test_a_command_on_this_machine_reads_all() -> None:
    assert current_readers() is None


def test_groups_are_owners() -> None:
    with in_scope(caller="sub:ann", rights=("documents:*",), groups=("law",)):
        assert current_readers() == ("everyone", "sub:ann", "group:law")
