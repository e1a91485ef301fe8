"""What no worker knows of is sent again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.db import transaction
from app.runs import relay as relaying
from app.runs import repository
from app.runs.models import Run
from app.runs.relay import relay
from tests.runs.factories import events_of, reloaded, stored_run

pytestmark = pytest.mark.usefixtures("database")


MINUTE_AGO = "clock_timestamp() - interval '1 minute'"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """What is given to the broker."""
    ids: list[UUID] = []

    async def remember(run: Run) -> bool:
        ids.append(run.id)
        return True

    monkeypatch.setattr(relaying, "send", remember)
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
        (f"created_at = {MINUTE_AGO}, sent_at = {MINUTE_AGO}", True),
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

    found: list[Any] = list(await repository.to_send(2))

    assert [run.id for run in found] == [run.id for run in runs[:2]]


async def test_a_wait_that_is_over_is_sent(sent: list[UUID]) -> None:
    run = await stored_run()
    claimed = await repository.claim(run.id, timedelta(seconds=30))
    assert claimed is not None
    await repository.put_off(claimed, timedelta(0), {"code": "x", "detail": "x"})

    await relay()

    assert sent == [run.id]


async def test_with_the_broker_down_only_one_run_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[UUID] = []

    async def refused(run: Run) -> bool:
        tried.append(run.id)
        return False

    monkeypatch.setattr(relaying, "send", refused)
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
