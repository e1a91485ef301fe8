"""The steps of a durable run: each one's output is kept, and what is done is not done again."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError

from app.runs import step_repository
from app.runs.errors import ClaimLost, WorkflowChanged
from app.runs.models import Run
from app.workflows import Decision, DecisionNeeded, Steps

log = structlog.get_logger(__name__)

S = TypeVar("S")
D = TypeVar("D", bound=Decision)


class DurableSteps(Steps):
    """Keeps the outputs of a run's steps in the database."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run
        self._finished: dict[str, Any] | None = None

    async def step(self, name: str, output_type: type[S], work: Callable[[], Awaitable[S]]) -> S:
        """Return what is kept of this step; or do its work, keep it and return it."""
        self.begin(name)
        adapter: TypeAdapter[S] = TypeAdapter(output_type)
        finished = await self._load_finished()
        if name in finished:
            log.info("run.step_kept", step=name)
            return _read_kept(adapter, name, finished[name])
        output = await work()
        value = adapter.dump_python(output, mode="json")
        await self._keep(name, value)
        finished[name] = value
        return output

    async def decide(self, name: str, question: object, decision: type[D]) -> D:
        """Return what a person has decided; if nobody has, the run waits."""
        self.begin(name)
        finished = await self._load_finished()
        if name not in finished:
            raise DecisionNeeded(name, question, decision)
        return _read_kept(TypeAdapter(decision), name, finished[name])

    async def _keep(self, name: str, value: Any) -> None:
        """Store an output, also when the run is interrupted meanwhile: what is done would be done again."""
        keeping = asyncio.create_task(step_repository.keep_step(self._run, name, value))
        try:
            kept = await asyncio.shield(keeping)
        except asyncio.CancelledError:
            await asyncio.gather(keeping, return_exceptions=True)
            raise
        if not kept:
            raise ClaimLost(f"Another worker has taken over run {self._run.id}.")

    async def _load_finished(self) -> dict[str, Any]:
        if self._finished is None:
            self._finished = await step_repository.finished_steps(self._run.id)
        return self._finished


def _read_kept(adapter: TypeAdapter[S], name: str, value: Any) -> S:
    """Return a kept output. It is JSON: a strict type would refuse, say, a date in it as a Python string."""
    try:
        return adapter.validate_json(json.dumps(value))
    except ValidationError as error:
        raise WorkflowChanged(
            f"The kept output of step {name!r} does not fit the workflow as it is now: {error.error_count()} "
            "errors.",
            hint="Retry the run from its start: POST /v1/runs/{id}/retry?from_start=true.",
        ) from None
