"""Runs that start on a schedule."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.core.errors import ConfigurationError
from app.db import transaction
from app.runs import repository
from app.runs.schedules import check_schedules, next_time, start_due_runs
from app.runs.settings import RunsSettings, ScheduledRun
from tests.commands import run_app
from tests.conftest import SetEnvironment

HOURLY = {
    "name": "hourly",
    "workflow": "echo_summary",
    "cron": "0 * * * *",
    "input": {"text": "One two three"},
}


async def started() -> list[str]:
    return [run.workflow for run in await repository.list_runs(repository.Page(100))]


async def pretend_it_was_last_due(ago: str) -> None:
    async with transaction() as session:
        await session.execute(text(f"UPDATE run_schedules SET last_at = now() - interval '{ago}'"))  # noqa: S608


@pytest.fixture
def hourly(database: str, broker: str, set_environment: SetEnvironment) -> None:
    set_environment(RUNS_SCHEDULES=json.dumps([HOURLY]))


async def test_a_new_schedule_waits_for_its_first_time(hourly: None) -> None:
    await start_due_runs()

    assert await started() == []


async def test_what_was_due_while_nothing_ran_is_started_once(hourly: None) -> None:
    await start_due_runs()
    await pretend_it_was_last_due("5 hours")

    await start_due_runs()
    await start_due_runs()

    assert await started() == ["echo_summary"]


async def test_two_that_look_at_the_same_time_start_one_run(hourly: None) -> None:
    await start_due_runs()
    await pretend_it_was_last_due("1 hour")

    await asyncio.gather(start_due_runs(), start_due_runs())

    assert await started() == ["echo_summary"]


@pytest.mark.parametrize(
    ("cron", "time_zone", "expected"),
    [
        ("0 3 * * *", "UTC", "2026-03-29T03:00:00+00:00"),
        ("0 3 * * *", "Europe/Berlin", "2026-03-29T01:00:00+00:00"),
        ("30 8 * * 1-5", "UTC", "2026-03-30T08:30:00+00:00"),
    ],
)
def test_the_next_time_is_that_of_the_cron_expression(cron: str, time_zone: str, expected: str) -> None:
    schedule = ScheduledRun(name="s", workflow="w", cron=cron, time_zone=time_zone)

    found = next_time(schedule, datetime(2026, 3, 28, 12, tzinfo=UTC))

    assert found.astimezone(UTC).isoformat() == expected


@pytest.mark.parametrize(
    ("schedules", "message"),
    [
        ("nonsense", "not JSON"),
        (json.dumps([{**HOURLY, "cron": "every day"}]), "cron"),
        (json.dumps([{**HOURLY, "cron": "61 * * * *"}]), "cron"),
        (json.dumps([{**HOURLY, "time_zone": "Mars/Olympus"}]), "Europe/Berlin"),
        (json.dumps([HOURLY, HOURLY]), "same name"),
        (json.dumps([{**HOURLY, "more": 1}]), "more"),
    ],
)
def test_a_wrong_schedule_is_a_wrong_setting(
    schedules: str, message: str, set_environment: SetEnvironment
) -> None:
    set_environment(RUNS_SCHEDULES=schedules)

    with pytest.raises(ConfigurationError, match="RUNS_SCHEDULES") as caught:
        RunsSettings.load()

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"), [({"workflow": "nonsense"}, "nonsense"), ({"input": {}}, "input.text")]
)
def test_a_schedule_that_cannot_start_its_workflow_is_found_at_start_up(
    change: dict[str, object], message: str, set_environment: SetEnvironment
) -> None:
    set_environment(RUNS_SCHEDULES=json.dumps([{**HOURLY, **change}]))

    with pytest.raises(ConfigurationError, match=message):
        check_schedules()


@pytest.mark.slow
def test_the_schedules_are_listed_with_their_next_time() -> None:
    done = run_app("runs", "schedules", "--json", RUNS_SCHEDULES=json.dumps([HOURLY]))

    (schedule,) = json.loads(done.stdout)["schedules"]
    assert (schedule["name"], schedule["workflow"], schedule["cron"]) == (
        "hourly",
        "echo_summary",
        "0 * * * *",
    )
    assert datetime.fromisoformat(schedule["next_at"]) > datetime.now(UTC)
