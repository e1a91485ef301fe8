"""What a workflow is to the rest of the application: typed input in, typed output out, in steps."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from app.core.deadlines import deadline
from app.core.errors import FieldError, InvalidInput, field_errors
from app.core.text import storable
from app.workflows.steps import Decision, Steps

In = TypeVar("In", bound=BaseModel)
Out = TypeVar("Out", bound=BaseModel)

_ANY: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True, kw_only=True)
class Workflow(Generic[In, Out]):
    """A named unit of work. Its input is validated before `run` is called.

    `run` does its work in steps: `await steps.step("summarise", Summary, work)`. What comes between two steps
    is done again when a run continues after an interruption: it must be cheap and have no effect.
    """

    name: str
    summary: str
    input: type[In]
    output: type[Out]
    run: Callable[[In, Steps], Awaitable[Out]]

    example: Mapping[str, Any] = field(default_factory=dict)
    """One valid input, for the API's documentation."""

    queue: str = "default"
    """The queue of its runs; `app worker --queue NAME` works on that one alone."""

    time_limit: float = 600.0
    """Seconds that one attempt may take."""

    version: int = 1
    """Raise it when steps change their meaning or the type of their output. A run that an older version has
    begun is then not continued with results that this one would misread."""

    decide_within: float | None = None
    """Seconds that a run waits for a person's decision; then it fails. None: as `RUNS_DECIDE_WITHIN` says."""

    max_attempts: int = 3
    """How often a run is tried after a retryable error, or after its worker has died."""

    max_concurrency: int | None = None
    """How many of its runs may be running at the same time."""

    max_per_minute: int | None = None
    """How many of its runs may start within a minute."""

    decisions: Mapping[str, type[Decision]] = field(default_factory=dict)
    """What people decide, by the name of the step."""

    diagram: Callable[[str], str] | None = None
    """Draws it, in the language `mermaid` or `dot`; None: it has no picture."""

    async def execute(self, data: In, steps: Steps | None = None) -> Out:
        """Run it here and now, within its time limit. Raises `TimedOut`."""
        async with deadline(self.time_limit, f"Workflow {self.name!r}"):
            return await self.run(data, steps or Steps())

    def decision_of(self, step: str) -> type[Decision]:
        """Return what people decide at a step, such as `approve`, or `revise[2].approve` in a loop."""
        return self.decisions.get(re.sub(r"\[\d+\]", "", step), Decision)

    @property
    def is_limited(self) -> bool:
        """Whether its runs may have to wait for others of it."""
        return self.max_concurrency is not None or self.max_per_minute is not None

    def validate(self, data: Mapping[str, Any]) -> In:
        """Return the input. Raises `InvalidInput` that names each field that does not fit.

        `data` is JSON: a strict model takes a date as the text that JSON has for it.
        """
        try:
            checked = self.input.model_validate_json(_ANY.dump_json(data))
            storable(checked.model_dump(mode="json"))
        except ValidationError as error:
            fields = field_errors(error, "input")
            raise InvalidInput(f"The input does not fit workflow {self.name!r}.", fields=fields) from None
        except ValueError as error:
            raise InvalidInput(str(error), fields=[FieldError("input", str(error))]) from None
        return checked
