"""All SQL on the kept steps of a run, but for those that a person's decision becomes."""

from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, select

from app.db import autocommit
from app.runs.models import Run, RunStep, Status
from app.runs.recording import with_event, with_step


async def finished_steps(run_id: UUID) -> dict[str, Any]:
    """Return the outputs of the steps that are done, by name."""
    statement = select(RunStep.name, RunStep.output).where(RunStep.run_id == run_id)
    async with autocommit() as session:
        return {name: output["value"] for name, output in await session.execute(statement)}


async def keep_step(run: Run, name: str, value: Any) -> bool:
    """Store the output of a step. False if the claim was lost."""
    holder = and_(Run.id == run.id, Run.status == Status.running, Run.lease == run.lease)
    # locked, so that the lease cannot pass to another worker between this check and the insert
    held = select(Run).where(holder).with_for_update().cte("held")
    statement = with_step(held, name, value)
    async with autocommit() as session:
        return await session.scalar(statement, with_event({}, "step", {"name": name})) is not None


async def forget_steps(run_id: UUID) -> None:
    """Delete the kept steps of a run that has ended."""
    ended = select(Run.id).where(Run.id == run_id, Run.status.in_([Status.failed, Status.cancelled]))
    async with autocommit() as session:
        await session.execute(delete(RunStep).where(RunStep.run_id.in_(ended)))
