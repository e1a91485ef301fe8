"""Conversations are kept, shown to the model as far as they fit, listed and deleted."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient
from sqlalchemy import select, update

from app.api import create_key
from app.conversations.models import Conversation, ConversationMessage
from app.conversations.retention import prune
from app.db import transaction
from tests.conftest import SetEnvironment
from tests.llm.fake_provider import FakeProvider

pytestmark = pytest.mark.usefixtures("database")

MODEL = "openai:gpt-5-mini"


@pytest.fixture(autouse=True)
def provider(provider: FakeProvider, set_environment: SetEnvironment) -> FakeProvider:
    """Show the model few tokens of what was said before."""
    set_environment(LLM_MODEL=MODEL, CHAT_HISTORY_TOKENS="100")
    return provider


async def say(client: AsyncClient, text: str, conversation: str = "c1", **more: Any) -> dict[str, Any]:
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": text}],
        "conversation_id": conversation,
        **more,
    }
    response = await client.post("/v1/chat/completions", json=body)
    document: dict[str, Any] = response.json() if "stream" not in more else {"text": response.text}
    return document


async def messages(client: AsyncClient, conversation: str = "c1") -> list[str]:
    found = (await client.get(f"/v1/conversations/{conversation}/messages")).json()["messages"]
    return [f"{message['role']}: {message['content']}" for message in found]


async def test_a_conversation_is_remembered(client: AsyncClient, provider: FakeProvider) -> None:
    await say(client, "My name is Anna")

    document = await say(client, "What is my name?")

    sent = [m["content"] for m in provider.requests[-1]["messages"] if m["role"] != "system"]
    assert sent == ["My name is Anna", "Hello there", "What is my name?"]
    assert document["conversation"] == {"id": "c1", "dropped_messages": 0}


async def test_a_stream_is_remembered_too(client: AsyncClient) -> None:
    await say(client, "My name is Anna", stream=True)

    assert await messages(client) == ["user: My name is Anna", "assistant: Hello there "]


async def test_what_does_not_fit_is_dropped_and_counted(client: AsyncClient, provider: FakeProvider) -> None:
    await say(client, "old " * 100)
    await say(client, "new")

    document = await say(client, "Now?")

    sent = [m["content"] for m in provider.requests[-1]["messages"] if m["role"] != "system"]
    assert sent == ["new", "Hello there", "Now?"]
    assert document["conversation"]["dropped_messages"] == 2


async def test_a_turn_that_fails_is_not_kept(client: AsyncClient, provider: FakeProvider) -> None:
    provider.answers.append(500)

    await say(client, "Hello")

    assert (await client.get("/v1/conversations/c1/messages")).status_code == 404


async def test_conversations_of_others_are_not_there(client: AsyncClient) -> None:
    await say(client, "A secret")
    other = await create_key("other", ["runs:*"])
    headers = {"Authorization": f"Bearer {other.text}"}

    listed = await client.get("/v1/conversations", headers=headers)
    read = await client.get("/v1/conversations/c1/messages", headers=headers)
    deleted = await client.delete("/v1/conversations/c1", headers=headers)

    assert listed.json()["conversations"] == []
    assert (read.status_code, deleted.status_code) == (404, 404)
    assert len(await messages(client)) == 2


async def test_two_callers_may_use_the_same_id(client: AsyncClient, provider: FakeProvider) -> None:
    await say(client, "A secret")
    other = await create_key("other", ["runs:*"])
    client.headers["Authorization"] = f"Bearer {other.text}"

    await say(client, "Hello")

    assert "A secret" not in str(provider.requests[-1])
    assert await messages(client) == ["user: Hello", "assistant: Hello there"]


async def test_conversations_are_listed_page_by_page(client: AsyncClient) -> None:
    for name in ("c1", "c2", "c3"):
        await say(client, "Hello", name)

    first = (await client.get("/v1/conversations?limit=2")).json()
    second = (await client.get(f"/v1/conversations?limit=2&cursor={first['next_cursor']}")).json()

    assert [c["id"] for c in first["conversations"]] == ["c3", "c2"]
    assert ([c["id"] for c in second["conversations"]], second["next_cursor"]) == (["c1"], None)


async def test_messages_are_listed_page_by_page(client: AsyncClient) -> None:
    await say(client, "One")
    await say(client, "Two")

    first = (await client.get("/v1/conversations/c1/messages?limit=3")).json()
    cursor = first["next_cursor"]
    second = (await client.get(f"/v1/conversations/c1/messages?limit=3&cursor={cursor}")).json()

    assert [m["content"] for m in first["messages"]] == ["One", "Hello there", "Two"]
    assert ([m["content"] for m in second["messages"]], second["next_cursor"]) == (["Hello there"], None)


async def test_a_deleted_conversation_is_forgotten(client: AsyncClient, provider: FakeProvider) -> None:
    await say(client, "A secret")

    deleted = await client.delete("/v1/conversations/c1")
    await say(client, "What was it?")

    assert deleted.status_code == 204
    assert "A secret" not in str(provider.requests[-1])
    assert (await client.delete("/v1/conversations/nonsense")).status_code == 404


async def test_turns_at_the_same_time_do_not_mix(client: AsyncClient) -> None:
    await asyncio.gather(*(say(client, f"Number {n}") for n in range(8)))

    roles = [message.partition(":")[0] for message in await messages(client)]
    assert roles == ["user", "assistant"] * 8


async def test_a_conversation_in_which_nothing_was_said_for_long_is_deleted(
    client: AsyncClient, set_environment: SetEnvironment
) -> None:
    for name in ("old", "young"):
        await say(client, "Hello", name)
    async with transaction() as session:
        old = await session.scalar(select(Conversation).where(Conversation.name == "old"))
        assert old
        past = old.created_at - timedelta(days=91)
        said = update(ConversationMessage).where(ConversationMessage.conversation_id == old.id)
        await session.execute(said.values(created_at=past))
        old.created_at = past

    assert await prune() == 0
    set_environment(CHAT_KEEP_DAYS="90")
    assert await prune() == 1

    listed = (await client.get("/v1/conversations")).json()["conversations"]
    assert [conversation["id"] for conversation in listed] == ["young"]
