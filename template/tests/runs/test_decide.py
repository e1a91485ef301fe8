"""A run that waits for a person."""

import asyncio
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.api import create_key
from app.runs.dispatch import relay
from app.runs.execute import execute
from app.runs.models import Run
from app.workflows import Decision, Steps
from tests.runs.factories import Number, events_of, reloaded, stored_run, workflow_of
from tests.runs.fixtures import Only

pytestmark = pytest.mark.usefixtures("database", "broker")


class Change(Decision):
    number: int = 0


DONE: list[str] = []


async def add_or_leave(data: Number, steps: Steps) -> Number:
    async def work() -> int:
        DONE.append("work")
        return data.number + 1

    number = await steps.step("work", int, work)
    change = await steps.decide("approve", {"number": number}, Change)
    return Number(number=number + change.number if change.approved else data.number)


@pytest.fixture
async def waiting(only: Only) -> Run:
    DONE.clear()
    only(workflow_of(add_or_leave, decisions={"approve": Change}))
    run = await stored_run(workflow="test", input={"number": 1})
    await execute(run.id)
    return run


def decide(client: AsyncClient, run: Run, **body: Any) -> Any:
    return client.post(f"/v1/runs/{run.id}/decision", json={"step": "approve", **body})


async def test_it_waits_and_says_what_for(client: AsyncClient, waiting: Run) -> None:
    view = (await client.get(f"/v1/runs/{waiting.id}")).json()

    assert (view["status"], view["attempt"]) == ("waiting", 0)
    assert view["waiting_for"]["step"] == "approve"
    assert view["waiting_for"]["question"] == {"number": 2}
    assert set(view["waiting_for"]["decision_schema"]["properties"]) == {"approved", "comment", "number"}


async def test_a_decision_lets_it_go_on_after_its_last_finished_step(
    client: AsyncClient, waiting: Run
) -> None:
    accepted = await decide(client, waiting, approved=True, number=5)
    await execute(waiting.id)

    done = await reloaded(waiting)
    assert (accepted.status_code, accepted.json()["status"]) == (202, "queued")
    assert (done.status, done.output, done.waiting_for) == ("succeeded", {"number": 7}, None)
    assert DONE == ["work"]
    assert await events_of(waiting) == ["running", "step", "waiting", "decided", "running", "succeeded"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 422, "approved"),
        ({"approved": "perhaps"}, 422, "approved"),
        ({"approved": True, "number": "x"}, 422, "number"),
        ({"approved": True, "unknown": 1}, 422, "unknown"),
        ({"approved": True, "comment": "a\0b"}, 422, "NUL"),
        ({"approved": True, "step": "other"}, 409, "approve"),
        ({"approved": True, "step": None}, 422, "step"),
    ],
)
async def test_a_decision_that_does_not_fit_is_refused_and_the_run_waits_on(
    client: AsyncClient, waiting: Run, body: dict[str, Any], status: int, said: str
) -> None:
    response = await decide(client, waiting, **body)

    assert (response.status_code, said in response.text) == (status, True), response.text
    assert (await reloaded(waiting)).status == "waiting"


async def test_the_same_decision_twice_is_taken_once_and_another_one_refused(
    client: AsyncClient, waiting: Run
) -> None:
    answers = [
        (await decide(client, waiting, approved=approved)).status_code for approved in (True, True, False)
    ]

    assert answers == [202, 202, 409]
    assert (await events_of(waiting)).count("decided") == 1


async def test_the_same_decision_by_several_at_the_same_time_is_taken_once(
    client: AsyncClient, waiting: Run
) -> None:
    answers = await asyncio.gather(*(decide(client, waiting, approved=True) for _ in range(10)))

    assert [answer.status_code for answer in answers] == [202] * 10
    assert (await events_of(waiting)).count("decided") == 1


async def ask_twice(data: Number, steps: Steps) -> Number:
    for turn in range(2):
        await steps.decide(f"approve[{turn}]", {"turn": turn}, Change)
    return data


async def test_a_decision_that_is_sent_again_does_not_decide_what_waits_next(
    client: AsyncClient, only: Only
) -> None:
    only(workflow_of(ask_twice, decisions={"approve": Change}))
    run = await stored_run(workflow="test", input={})
    await execute(run.id)
    first = {"step": "approve[0]", "approved": True}
    await decide(client, run, **first)
    await execute(run.id)

    again = await decide(client, run, **first)

    waits = await reloaded(run)
    assert (again.status_code, waits.status) == (202, "waiting")
    assert waits.waiting_for is not None
    assert waits.waiting_for["step"] == "approve[1]"


async def test_a_decision_that_nobody_takes_in_time_fails_the_run(only: Only) -> None:
    only(workflow_of(add_or_leave, decisions={"approve": Change}, decide_within=0.001))
    run = await stored_run(workflow="test", input={"number": 1})
    await execute(run.id)

    await relay()

    expired = await reloaded(run)
    assert expired.status == "failed"
    assert expired.error is not None
    assert expired.error["code"] == "decision-expired"


async def test_a_decision_after_its_time_is_refused(client: AsyncClient, only: Only) -> None:
    only(workflow_of(add_or_leave, decisions={"approve": Change}, decide_within=0.001))
    run = await stored_run(workflow="test", input={"number": 1})
    await execute(run.id)

    assert (await decide(client, run, approved=True)).status_code == 409


async def test_a_run_that_asks_nothing_takes_no_decision(client: AsyncClient) -> None:
    run = await stored_run()

    assert (await decide(client, run, approved=True)).status_code == 409


async def test_a_waiting_run_can_be_cancelled(client: AsyncClient, waiting: Run) -> None:
    cancelled = await client.post(f"/v1/runs/{waiting.id}/cancel")

    assert (cancelled.json()["status"], cancelled.json()["waiting_for"]) == ("cancelled", None)


async def test_who_starts_runs_may_not_decide_them(anonymous: AsyncClient, waiting: Run) -> None:
    key = (await create_key("starter", ["runs:read", "runs:write"])).text
    anonymous.headers["Authorization"] = f"Bearer {key}"

    response = await decide(anonymous, waiting, approved=True)

    assert response.status_code == 403
