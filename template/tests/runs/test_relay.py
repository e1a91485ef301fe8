"""What no worker knows of is sent again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.db import transaction
from app.runs import dispatch, due, repository
from app.runs.dispatch import relay
from app.runs.models import Run
from app.workflows import Steps
from tests.runs.factories import Number, events_of, reloaded, stored_run, workflow_of
from tests.runs.fixtures import Only

pytestmark = pytest.mark.usefixtures("database")


MINUTE_AGO = "clock_timestamp() - interval '1 minute'"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """What is given to the broker."""
    ids: list[UUID] = []

    async def remember(run: Run) -> bool:
        ids.append(run.id)
        return True

    monkeypatch.setattr(dispatch, "send", remember)
    return ids


async def change(run: Run, assignment: str) -> None:
    async with transaction() as session:
        await session.execute(text(f"UPDATE runs SET {assignment} WHERE id = :id"), {"id": run.id})  # noqa: S608


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("sent_at = NULL", True),
        ("sent_at = clock_timestamp()", False),
        ("sent_at = clock_timestamp() - interval '1 hour'", True),
        (f"created_at = {MINUTE_AGO}, sent_at = {MINUTE_AGO}, sends = 1", True),
        (f"created_at = {MINUTE_AGO} - interval '1 hour', sent_at = {MINUTE_AGO}", False),
        ("due_at = clock_timestamp() + interval '1 hour'", False),
        ("status = 'running', lease_until = clock_timestamp() - interval '1 s'", True),
        ("status = 'running', lease_until = clock_timestamp() + interval '1 hour'", False),
        ("status = 'succeeded'", False),
    ],
)
async def test_only_what_a_worker_should_take_is_sent(
    assignment: str, expected: bool, sent: list[UUID]
) -> None:
    run = await stored_run()
    await change(run, assignment)

    count = await relay()

    assert (count, sent) == ((1, [run.id]) if expected else (0, []))


async def test_the_higher_priority_is_sent_first(sent: list[UUID]) -> None:
    low, high = await stored_run(priority=1), await stored_run(priority=9)

    await relay()

    assert sent == [high.id, low.id]


async def test_the_oldest_come_first_up_to_a_batch() -> None:
    runs = [await stored_run() for _ in range(3)]

    found: list[Any] = list(await due.to_send(2))

    assert [run.id for run in found] == [run.id for run in runs[:2]]


async def test_a_wait_that_is_over_is_sent(sent: list[UUID]) -> None:
    run = await stored_run()
    claimed = await repository.claim(run.id, timedelta(seconds=30))
    assert claimed is not None
    await repository.reschedule(claimed, timedelta(0), {"code": "x", "detail": "x"})

    await relay()

    assert sent == [run.id]


async def test_with_the_broker_down_only_one_run_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[UUID] = []

    async def refused(run: Run) -> bool:
        tried.append(run.id)
        return False

    monkeypatch.setattr(dispatch, "send", refused)
    first, _ = await stored_run(), await stored_run()

    assert await relay() == 0
    assert tried == [first.id]


@pytest.mark.parametrize(
    "assignment",
    [
        "status = 'queued', cancel_requested = true",
        "status = 'running', cancel_requested = true, lease_until = clock_timestamp() - interval '1 s'",
    ],
)
async def test_a_cancellation_that_no_worker_carried_out_is_carried_out(
    assignment: str, sent: list[UUID]
) -> None:
    run = await stored_run()
    await change(run, assignment)

    await relay()

    assert ((await reloaded(run)).status, await events_of(run), sent) == ("cancelled", ["cancelled"], [])


async def test_a_cancellation_that_a_worker_is_about_to_carry_out_is_left_to_it(sent: list[UUID]) -> None:
    run = await stored_run()
    await change(
        run, "status = 'running', cancel_requested = true, lease_until = clock_timestamp() + interval '1 h'"
    )

    await relay()

    assert (await reloaded(run)).status == "running"


@pytest.mark.parametrize(
    ("sends", "minutes", "expected"),
    [(1, 6, True), (2, 6, False), (2, 11, True), (5, 60, False), (9, 600, False), (9, 700, True)],
)
async def test_the_more_often_a_message_was_lost_the_later_it_is_sent_again(
    sends: int, minutes: int, expected: bool, sent: list[UUID]
) -> None:
    run = await stored_run()
    ago = f"clock_timestamp() - interval '{minutes} minutes'"
    await change(run, f"sends = {sends}, sent_at = {ago}, created_at = {ago} - interval '1 hour'")

    await relay()

    assert bool(sent) is expected


async def test_while_all_workers_are_down_a_run_whose_worker_died_is_sent_once(sent: list[UUID]) -> None:
    run = await stored_run()
    await change(
        run,
        "status = 'running', lease_until = clock_timestamp() - interval '1 minute', "
        "sent_at = clock_timestamp() - interval '2 minutes'",
    )

    for _ in range(5):
        await relay()

    assert sent == [run.id]


async def test_of_a_workflow_with_limits_only_as_many_are_sent_as_may_run(
    sent: list[UUID], only: Only
) -> None:
    async def nothing(data: Number, _steps: Steps) -> Number:
        return data

    only(workflow_of(nothing, max_concurrency=2))
    runs = [await stored_run(workflow="test", input={}) for _ in range(5)]
    other = await stored_run(workflow="other", input={})

    await relay()

    assert sent == [runs[0].id, runs[1].id, other.id]
