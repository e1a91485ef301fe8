"""Runs and workflows for tests."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import BaseModel

from app.core import registry
from app.core.ids import new_id
from app.core.lazy import Lazy
from app.core.registry import Feature
from app.core.workflow import Steps, Workflow
from app.db import transaction
from app.runs import repository
from app.runs.models import Run, Status


class Number(BaseModel):
    """The input and the output of workflows for tests."""

    number: int = 0


def workflow_of(
    run: Callable[[Number, Steps], Awaitable[Number]], **settings: Any
) -> Workflow[Number, Number]:
    """Return a workflow that does what a test says."""
    return Workflow(name="test", summary="", input=Number, output=Number, run=run, **settings)


def only(workflow: Workflow[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be the only workflow there is."""

    class Loaded(Lazy[Workflow[Any, Any]]):
        def load(self) -> Workflow[Any, Any]:
            return workflow

    feature = Feature(name="t", stage="own", summary="", workflows={workflow.name: Loaded("")})
    monkeypatch.setattr(registry, "load_features", lambda: (feature,))


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


async def reloaded(run: Run) -> Run:
    """Return a run as it is stored now."""
    found = await repository.get_run(run.id)
    assert found is not None
    return found


async def events_of(run: Run) -> list[str]:
    """Return what happened to a run."""
    return [event.type for event in await repository.events_after(run.id, 0)]
