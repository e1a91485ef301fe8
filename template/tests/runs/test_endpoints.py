import asyncio
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.api import create_key
from app.runs import due, repository
from app.runs.events import follow_run
from app.runs.execute import execute
from app.worker import get_celery_app
from tests.runs.factories import stored_run

pytestmark = pytest.mark.usefixtures("database", "broker")

VALID = {"workflow": "echo_summary", "input": {"text": "One two three", "max_words": 2}}


async def count_runs() -> int:
    return len(await repository.list_runs(repository.Page(1000)))


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
        ({"workflow": "echo_summary", "input": {"text": "a", "max_words": True}}, 422, "input.max_words"),
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


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"priority": 10}, "body.priority"),
        ({"priority": -1}, "body.priority"),
        ({"workflow": ""}, "body.workflow"),
    ],
)
async def test_a_setting_out_of_range_is_refused(
    client: AsyncClient, change: dict[str, Any], field: str
) -> None:
    response = await client.post("/v1/runs", json={**VALID, **change})

    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_the_same_idempotency_key_gives_the_same_run(client: AsyncClient) -> None:
    headers = {"Idempotency-Key": "order-17"}

    answers = await asyncio.gather(*(client.post("/v1/runs", json=VALID, headers=headers) for _ in range(5)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await count_runs() == 1


async def test_another_clients_idempotency_key_is_another(client: AsyncClient) -> None:
    headers = {"Idempotency-Key": "order-17"}
    first = await client.post("/v1/runs", json=VALID, headers=headers)
    other = await create_key("other", ["runs:write"])

    headers["Authorization"] = f"Bearer {other.text}"
    second = await client.post("/v1/runs", json=VALID, headers=headers)

    assert first.json()["id"] != second.json()["id"]


async def test_the_same_idempotency_key_with_another_request_is_a_conflict(client: AsyncClient) -> None:
    headers = {"Idempotency-Key": "order-17"}
    await client.post("/v1/runs", json=VALID, headers=headers)

    other = {**VALID, "input": {"text": "Something else"}}
    response = await client.post("/v1/runs", json=other, headers=headers)

    assert (response.status_code, response.json()["code"]) == (409, "run-conflict")
    assert await count_runs() == 1


@pytest.mark.parametrize("key", ["x" * 256, "x" * 10_000, "two words", ""])
async def test_an_idempotency_key_that_is_none_is_refused(client: AsyncClient, key: str) -> None:
    response = await client.post("/v1/runs", json=VALID, headers={"Idempotency-Key": key})

    assert response.status_code == 422
    assert await count_runs() == 0


async def test_runs_are_listed_in_pages_the_newest_first(client: AsyncClient) -> None:
    ids = [str((await stored_run()).id) for _ in range(5)]

    first = (await client.get("/v1/runs", params={"limit": 3})).json()
    second = (await client.get("/v1/runs", params={"limit": 3, "cursor": first["next_cursor"]})).json()

    assert [run["id"] for run in first["runs"] + second["runs"]] == ids[::-1]
    assert second["next_cursor"] is None


async def test_a_list_can_be_narrowed(client: AsyncClient) -> None:
    await stored_run(status="failed")
    await stored_run(workflow="other")

    failed = (await client.get("/v1/runs", params={"status": "failed"})).json()["runs"]
    other = (await client.get("/v1/runs", params={"workflow": "other"})).json()["runs"]

    assert ([run["status"] for run in failed], [run["workflow"] for run in other]) == (["failed"], ["other"])


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=201", "limit=x", "cursor=x", "status=x", "workflow=%00"]
)
async def test_a_list_with_a_wrong_parameter_is_refused(client: AsyncClient, query: str) -> None:
    assert (await client.get(f"/v1/runs?{query}")).status_code == 422


async def test_what_has_not_changed_is_not_sent_again(client: AsyncClient) -> None:
    run = await stored_run()
    first = await client.get(f"/v1/runs/{run.id}")
    headers = {"If-None-Match": first.headers["etag"]}

    same = await client.get(f"/v1/runs/{run.id}", headers=headers)
    await repository.cancel(run.id)
    changed = await client.get(f"/v1/runs/{run.id}", headers=headers)

    assert (same.status_code, same.content) == (304, b"")
    assert (changed.status_code, changed.json()["status"]) == (200, "cancelled")


async def test_whatever_changes_in_a_run_changes_its_tag(client: AsyncClient) -> None:
    run = await stored_run(status="succeeded", callback_url="https://example.com/")
    headers = {"If-None-Match": (await client.get(f"/v1/runs/{run.id}")).headers["etag"]}
    await due.finish_callback(run, delivered=True)

    changed = await client.get(f"/v1/runs/{run.id}", headers=headers)

    assert changed.status_code == 200


@pytest.mark.parametrize(
    ("status", "action", "code"),
    [
        ("queued", "cancel", 202),
        ("cancelled", "cancel", 202),
        ("succeeded", "cancel", 409),
        ("failed", "cancel", 409),
        ("failed", "retry", 202),
        ("cancelled", "retry", 202),
        ("queued", "retry", 409),
        ("succeeded", "retry", 409),
    ],
)
async def test_what_may_be_done_depends_on_the_state(
    client: AsyncClient, status: str, action: str, code: int
) -> None:
    run = await stored_run(status=status)

    assert (await client.post(f"/v1/runs/{run.id}/{action}")).status_code == code


def parsed(stream: str) -> list[tuple[int, str]]:
    """Return the ids and the types of server-sent events."""
    frames = [
        frame.splitlines() for frame in stream.split("\n\n") if frame.startswith(("id:", "event:", "data:"))
    ]
    fields = [dict(line.split(": ", 1) for line in frame) for frame in frames]
    return [(int(f["id"]), f["event"]) for f in fields]


async def test_events_stream_until_the_run_ends(client: AsyncClient) -> None:
    run = await stored_run()
    await execute(run.id)

    response = await client.get(f"/v1/runs/{run.id}/events")

    assert response.headers["content-type"].startswith("text/event-stream")
    assert [kind for _, kind in parsed(response.text)] == ["running", "step", "succeeded"]


async def test_a_stream_resumes_after_the_last_event_that_was_seen(client: AsyncClient) -> None:
    run = await stored_run()
    await execute(run.id)
    seen = parsed((await client.get(f"/v1/runs/{run.id}/events")).text)

    headers = {"Last-Event-ID": str(seen[0][0])}
    resumed = parsed((await client.get(f"/v1/runs/{run.id}/events", headers=headers)).text)

    assert resumed == seen[1:]


@pytest.mark.parametrize("last", [b"nonsense", b"-1", b"9" * 40, b"\xc2\xb2"])
async def test_a_last_event_id_that_is_none_does_no_harm(client: AsyncClient, last: bytes) -> None:
    run = await stored_run()
    await repository.cancel(run.id)

    headers = {b"Last-Event-ID": last}

    assert (await client.get(f"/v1/runs/{run.id}/events", headers=headers)).status_code == 200


async def test_who_follows_hears_what_happens_while_it_happens() -> None:
    run = await stored_run()
    heard: list[str] = []

    async def listen() -> None:
        async for event in follow_run(run.id):
            heard.append(event.type)  # noqa: PERF401 - one by one, as they come

    following = asyncio.create_task(listen())
    await asyncio.sleep(0.2)
    await execute(run.id)
    await asyncio.wait_for(following, 5)

    assert heard == ["running", "step", "succeeded"]


@pytest.mark.parametrize(
    ("run_id", "status"), [("01890000-0000-7000-8000-000000000000", 404), ("nonsense", 422)]
)
async def test_an_unknown_run_is_a_problem(client: AsyncClient, run_id: str, status: int) -> None:
    response = await client.get(f"/v1/runs/{run_id}")

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_failed_run_says_why(client: AsyncClient) -> None:
    error: dict[str, Any] = {
        "code": "agent-failed",
        "detail": "No answer.",
        "hint": None,
        "details": {"transcript": []},
    }
    run = await stored_run(status="failed", error=error)

    assert (await client.get(f"/v1/runs/{run.id}")).json()["error"] == error


async def test_with_the_broker_down_a_run_is_accepted_all_the_same(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
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
