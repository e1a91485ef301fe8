"""Runs and workflows for tests."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel

from app.db import new_id, transaction
from app.runs import repository
from app.runs.models import Run, Status
from app.workflows import Steps, Workflow


class Number(BaseModel):
    """The input and the output of workflows for tests."""

    number: int = 0


def workflow_of(
    run: Callable[[Number, Steps], Awaitable[Number]], **settings: Any
) -> Workflow[Number, Number]:
    """Return a workflow that does what a test says."""
    return Workflow(name="test", summary="", input=Number, output=Number, run=run, **settings)


async def stored_run(**values: Any) -> Run:
    """Store a queued run of `echo_summary`, with other values as given."""
    defaults: dict[str, Any] = {
        "id": new_id(),
        "workflow": "echo_summary",
        "status": Status.queued,
        "input": {"text": "One two three four", "max_words": 2},
    }
    async with transaction() as session:
        session.add(run := Run(**{**defaults, **values}))
    return run


async def number_run(**values: object) -> Run:
    """Store a queued run of the workflow `test`."""
    return await stored_run(**{"workflow": "test", "input": {"number": 1}, **values})


async def reloaded(run: Run) -> Run:
    """Return a run as it is stored now."""
    found = await repository.get_run(run.id)
    assert found is not None
    return found


async def events_of(run: Run) -> list[str]:
    """Return what happened to a run."""
    return [event.type for event in await repository.events_after(run.id, 0)]
