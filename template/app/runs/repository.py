"""All SQL on runs."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from app.core.clock import now
from app.db import transaction
from app.runs.models import Run, Status


async def insert(run: Run) -> None:
    """Store a new run."""
    async with transaction() as session:
        session.add(run)


async def get(run_id: UUID) -> Run | None:
    """Return a run."""
    async with transaction() as session:
        return await session.get(Run, run_id)


async def claim(run_id: UUID) -> Run | None:
    """Move a run from queued to running; None if another delivery of the message already did."""
    statement = (
        update(Run)
        .where(Run.id == run_id, Run.status == Status.queued)
        .values(status=Status.running, started_at=now())
        .returning(Run)
    )
    async with transaction() as session:
        return await session.scalar(statement)


async def finish(run_id: UUID, **values: Any) -> None:
    """Store the outcome of a run that is running."""
    statement = update(Run).where(Run.id == run_id, Run.status == Status.running)
    async with transaction() as session:
        await session.execute(statement.values(finished_at=now(), **values))


async def waiting(older_than: timedelta, limit: int) -> Sequence[UUID]:
    """Return the ids of runs that are still queued after a while: their message may never have gone out."""
    statement = (
        select(Run.id)
        .where(Run.status == Status.queued, Run.created_at < now() - older_than)
        .order_by(Run.created_at)
        .limit(limit)
    )
    async with transaction() as session:
        return (await session.scalars(statement)).all()
