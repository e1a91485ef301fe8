from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from app.runs import repository
from app.worker import get_celery_app
from tests.runs.factories import stored_run

pytestmark = pytest.mark.usefixtures("database", "broker")

VALID = {"workflow": "echo_summary", "input": {"text": "One two three", "max_words": 2}}


async def count_runs() -> int:
    from datetime import timedelta

    return len(await repository.waiting(timedelta(seconds=-60), 1000))


async def test_a_run_is_accepted_and_can_be_followed(client: AsyncClient) -> None:
    accepted = await client.post("/v1/runs", json=VALID)
    followed = await client.get(accepted.headers["location"])

    assert accepted.status_code == 202
    assert followed.json() == accepted.json()
    assert (followed.json()["status"], followed.json()["output"]) == ("queued", None)


async def test_defaults_of_the_input_are_filled_in(client: AsyncClient) -> None:
    accepted = await client.post("/v1/runs", json={"workflow": "echo_summary", "input": {"text": "One"}})

    assert accepted.json()["input"] == {"text": "One", "max_words": 20}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"workflow": "nonsense", "input": {}}, 422, None),
        ({"workflow": "echo_summary", "input": {}}, 422, "input.text"),
        ({"workflow": "echo_summary", "input": {"text": "", "max_words": 2}}, 422, "input.text"),
        ({"workflow": "echo_summary", "input": {"text": "a", "max_words": "x"}}, 422, "input.max_words"),
        ({"workflow": "echo_summary", "input": {"text": "a\0b"}}, 422, "input.text"),
        ({"workflow": "echo_summary", "input": {"text": "a", "more": 1}}, 422, "input.more"),
        ({"workflow": "echo_summary", "input": []}, 422, "body.input"),
        ({"workflow": "echo_summary"}, 422, "body.input"),
        ({**VALID, "more": 1}, 422, "body.more"),
        ([], 422, "body"),
    ],
)
async def test_what_does_not_fit_is_refused_with_the_field_and_nothing_is_stored(
    client: AsyncClient, body: Any, status: int, field: str | None
) -> None:
    response = await client.post("/v1/runs", json=body)

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in response.json().get("errors", [])] == ([field] if field else [])
    assert await count_runs() == 0


async def test_an_unknown_workflow_is_answered_with_those_that_exist(client: AsyncClient) -> None:
    response = await client.post("/v1/runs", json={"workflow": "nonsense", "input": {}})

    assert "echo_summary" in response.json()["hint"]


async def test_a_lone_surrogate_is_refused(client: AsyncClient) -> None:
    body = b'{"workflow": "echo_summary", "input": {"text": "\\ud800"}}'

    response = await client.post("/v1/runs", content=body, headers={"Content-Type": "application/json"})

    assert response.status_code == 422
    assert await count_runs() == 0


@pytest.mark.parametrize(("run_id", "status"), [(str(uuid4()), 404), ("nonsense", 422)])
async def test_an_unknown_run_is_a_problem(client: AsyncClient, run_id: str, status: int) -> None:
    response = await client.get(f"/v1/runs/{run_id}")

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_failed_run_says_why(client: AsyncClient) -> None:
    error = {"code": "model-unavailable", "detail": "It does not answer.", "hint": None}
    run = await stored_run(status="failed", error=error)

    assert (await client.get(f"/v1/runs/{run.id}")).json()["error"] == error


async def test_with_the_broker_down_a_run_is_accepted_all_the_same(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(get_celery_app(), "send_task", refuse)

    response = await client.post("/v1/runs", json=VALID)

    assert response.status_code == 202
    assert await count_runs() == 1


async def test_with_the_database_down_a_run_is_refused(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.db import dispose
    from app.db.settings import DatabaseSettings

    await dispose()
    monkeypatch.setenv("DATABASE_URL", "postgresql://anna:hunter2@127.0.0.1:1/app")
    DatabaseSettings.load.cache_clear()

    response = await client.post("/v1/runs", json=VALID)

    assert (response.status_code, response.json()["code"]) == (503, "database-unavailable")
    assert "hunter2" not in response.text
