"""The steps of a durable run: each one's output is kept, and what is done is not done again."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from pydantic import TypeAdapter

from app.core.workflow import Steps
from app.runs import repository
from app.runs.errors import ClaimLost
from app.runs.models import Run

log = structlog.get_logger(__name__)

S = TypeVar("S")


class DurableSteps(Steps):
    """Keeps the outputs of a run's steps in the database."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._finished: dict[str, Any] | None = None

    async def step(self, name: str, output_type: type[S], work: Callable[[], Awaitable[S]]) -> S:
        """Return what is kept of this step; or do its work, keep it and return it."""
        adapter = TypeAdapter(output_type)
        if self._finished is None:
            self._finished = await repository.finished_steps(self._run.id)
        if name in self._finished:
            log.info("run.step_kept", step=name)
            return adapter.validate_python(self._finished[name])
        output = await work()
        value = adapter.dump_python(output, mode="json")
        if not await repository.keep_step(self._run, name, value):
            raise ClaimLost(f"Another worker has taken over run {self._run.id}.")
        self._finished[name] = value
        return output
