"""What is older than the settings say is deleted; nothing else is."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from app.db import transaction
from app.runs.models import Run, RunEvent, RunStep
from app.runs.repository import get_run
from app.runs.retention import count_old, prune
from tests.commands import run_app
from tests.conftest import SetEnvironment
from tests.runs.factories import stored_run

pytestmark = pytest.mark.usefixtures("database")


async def ended(status: str, days: float, **values: object) -> Run:
    """Store a run that ended some days ago, with an event and a step."""
    finished_at = datetime.now(UTC) - timedelta(days=days)
    run = await stored_run(status=status, finished_at=finished_at, **values)
    async with transaction() as session:
        session.add(RunEvent(run_id=run.id, type=status, data={}))
        session.add(RunStep(run_id=run.id, name="first", output={"value": 1}))
    return run


async def test_without_a_setting_everything_is_kept() -> None:
    run = await ended("succeeded", 10_000)

    assert await prune() == {}
    assert await get_run(run.id) is not None


@pytest.mark.parametrize(
    ("status", "setting"),
    [
        ("succeeded", "RUNS_KEEP_SUCCEEDED_DAYS"),
        ("failed", "RUNS_KEEP_FAILED_DAYS"),
        ("cancelled", "RUNS_KEEP_FAILED_DAYS"),
    ],
)
async def test_a_run_that_ended_long_ago_is_deleted(
    status: str, setting: str, set_environment: SetEnvironment
) -> None:
    set_environment(**{setting: "30"})
    old, young = await ended(status, 31), await ended(status, 29)

    await prune()

    assert (await get_run(old.id), await get_run(young.id) is not None) == (None, True)


async def test_a_run_that_has_not_ended_is_kept_however_old(set_environment: SetEnvironment) -> None:
    set_environment(RUNS_KEEP_SUCCEEDED_DAYS="1", RUNS_KEEP_FAILED_DAYS="1")
    waiting = await stored_run(status="waiting", created_at=datetime.now(UTC) - timedelta(days=100))

    await prune()

    assert await get_run(waiting.id) is not None


async def test_a_run_whose_callback_is_still_to_be_delivered_is_kept(set_environment: SetEnvironment) -> None:
    set_environment(RUNS_KEEP_SUCCEEDED_DAYS="1")
    run = await ended("succeeded", 2, callback_due_at=datetime.now(UTC))

    await prune()

    assert await get_run(run.id) is not None


async def test_steps_and_events_go_before_their_run(set_environment: SetEnvironment) -> None:
    set_environment(RUNS_KEEP_STEPS_DAYS="7", RUNS_KEEP_EVENTS_DAYS="7")
    run = await ended("succeeded", 8)
    await ended("failed", 6)

    counted, deleted = await count_old(), await prune()

    assert counted == deleted == {"steps": 1, "events": 1}
    assert await get_run(run.id) is not None


async def test_the_steps_of_a_failed_run_are_kept_for_its_retry(set_environment: SetEnvironment) -> None:
    set_environment(RUNS_KEEP_STEPS_DAYS="7")
    await ended("failed", 100)

    assert await prune() == {"steps": 0}


@pytest.mark.slow
async def test_the_command_counts_and_deletes(database: str, set_environment: SetEnvironment) -> None:
    settings = {"DATABASE_URL": database, "RUNS_KEEP_SUCCEEDED_DAYS": "30"}
    set_environment(**settings)
    run = await ended("succeeded", 31)

    counted = run_app("runs", "prune", "--dry-run", "--json", **settings)
    kept = await get_run(run.id)
    deleted = run_app("runs", "prune", **settings)

    assert json.loads(counted.stdout) == {"dry_run": True, "deleted": {"succeeded runs": 1}}
    assert kept is not None
    assert deleted.stdout == "Deleted 1 succeeded runs.\n"
