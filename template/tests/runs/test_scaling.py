"""The query that decides how many workers a cluster has."""

from datetime import UTC, datetime, timedelta

import pytest
import yaml
from sqlalchemy import text

from app.core.paths import ROOT
from app.db import autocommit
from tests.runs.factories import stored_run

pytestmark = pytest.mark.usefixtures("database")


async def seconds() -> int:
    """Return what KEDA would be told."""
    documents = yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "worker-scaling.yaml").read_text())
    query = next(iter(documents))["spec"]["triggers"][0]["metadata"]["query"]
    async with autocommit() as session:
        return int((await session.execute(text(query.replace(":", r"\:")))).scalar_one())


async def test_it_is_how_long_the_oldest_run_has_been_due_that_nobody_works_on() -> None:
    now = datetime.now(UTC)
    await stored_run(due_at=now - timedelta(seconds=100))
    await stored_run(due_at=now - timedelta(seconds=50))
    await stored_run(due_at=now - timedelta(seconds=500), status="running")
    await stored_run(due_at=now + timedelta(seconds=500))

    assert 100 <= await seconds() < 160


async def test_without_a_run_that_is_due_it_is_nothing() -> None:
    await stored_run(due_at=datetime.now(UTC) + timedelta(seconds=500))

    assert await seconds() == 0
