"""What people say of runs and answers."""

import json
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.api import check_key, create_key
from app.conversations import Place, append_turn
from app.core.spans import watched_by
from app.llm import Message
from tests.commands import run_app
from tests.spans import Watcher

pytestmark = pytest.mark.usefixtures("database", "broker")


async def start(client: AsyncClient) -> str:
    body = {"workflow": "echo_summary", "input": {"text": "one two three"}}
    answer = await client.post("/v1/runs", json=body)
    assert answer.status_code == 202, answer.text
    run: str = answer.json()["id"]
    return run


async def caller_of(client: AsyncClient) -> str:
    """Return the id of the key of a client."""
    principal = await check_key(client.headers["Authorization"].removeprefix("Bearer "))
    assert principal
    return principal.id


async def test_a_run_is_rated_and_the_last_word_counts(client: AsyncClient) -> None:
    run = await start(client)

    await client.post(f"/v1/runs/{run}/feedback", json={"helpful": True})
    answer = await client.post(f"/v1/runs/{run}/feedback", json={"helpful": False, "comment": "Too short. ü"})

    assert (answer.status_code, answer.json()["helpful"]) == (200, False)
    listed = json.loads(run_app("feedback", "--not-helpful", "--json").stdout)["feedback"]
    assert [(row["subject_id"], row["comment"], row["workflow"]) for row in listed] == [
        (run, "Too short. ü", "echo_summary")
    ]
    assert json.loads(run_app("feedback", "--helpful", "--json").stdout) == {"feedback": []}


async def test_feedback_is_a_span_that_knows_its_run(client: AsyncClient) -> None:
    run = await start(client)
    watcher = Watcher()

    with watched_by(watcher):
        await client.post(f"/v1/runs/{run}/feedback", json={"helpful": False, "comment": "No."})

    piece = next(piece for piece in watcher.ended if piece.name == "feedback")
    assert (piece.fields["helpful"], piece.contents["comment"]) == (False, "No.")
    assert piece.scope.run_id == run


async def test_the_run_of_somebody_else_cannot_be_rated(client: AsyncClient, anonymous: AsyncClient) -> None:
    run = await start(client)
    other = await create_key("other", ["runs:write"])
    anonymous.headers["Authorization"] = f"Bearer {other.text}"

    answer = await anonymous.post(f"/v1/runs/{run}/feedback", json={"helpful": True})

    assert answer.status_code == 404


async def test_an_answer_in_a_conversation_is_rated_but_not_a_question(client: AsyncClient) -> None:
    said = [Message("user", "hi"), Message("assistant", "hello")]
    await append_turn(await caller_of(client), Place("customer-7", None), said)
    messages = (await client.get("/v1/conversations/customer-7/messages")).json()["messages"]
    ids = {message["role"]: message["id"] for message in messages}

    rated = [
        (await client.post(f"/v1/conversations/{name}/messages/{number}/feedback", json={"helpful": False}))
        for name, number in [
            ("customer-7", ids["assistant"]),
            ("customer-7", ids["user"]),
            ("customer-8", ids["assistant"]),
        ]
    ]

    assert [answer.status_code for answer in rated] == [200, 404, 404]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"helpful": "perhaps"},
        {"helpful": True, "comment": "x" * 2001},
        {"helpful": True, "comment": "\0"},
    ],
    ids=["empty", "no boolean", "too long", "nul"],
)
async def test_what_is_wrong_is_named(body: dict[str, Any], client: AsyncClient) -> None:
    run = await start(client)

    answer = await client.post(f"/v1/runs/{run}/feedback", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"]
