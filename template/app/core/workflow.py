"""What a workflow is to the rest of the application: typed input in, typed output out, in steps."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from app.core.errors import FieldError, InvalidInput
from app.core.text import storable

In = TypeVar("In", bound=BaseModel)
Out = TypeVar("Out", bound=BaseModel)
S = TypeVar("S")


class Steps:
    """Carries out the steps of a workflow, in their order.

    This one keeps nothing: it is for a direct call and for tests. A durable run has one that keeps each
    step's output, and gives it back instead of doing the work again.
    """

    async def step(self, name: str, output_type: type[S], work: Callable[[], Awaitable[S]]) -> S:
        """Do the work and return its result. `name` is unique in the workflow and stays the same."""
        del name, output_type
        return await work()


class ReportedSteps(Steps):
    """Keeps nothing either, but says which step begins."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report

    async def step(self, name: str, output_type: type[S], work: Callable[[], Awaitable[S]]) -> S:
        """Say the step's name, then do its work."""
        self._report(name)
        return await super().step(name, output_type, work)


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

    max_attempts: int = 3
    """How often a run is tried after an error that may pass, or after its worker has died."""

    max_concurrency: int | None = None
    """How many of its runs may be running at the same time."""

    max_per_minute: int | None = None
    """How many of its runs may start within a minute."""

    diagram: Callable[[str], str] | None = None
    """Draws it, in the language `mermaid` or `dot`; None: it has no picture."""

    @property
    def is_limited(self) -> bool:
        """Whether its runs may have to wait for others of it."""
        return self.max_concurrency is not None or self.max_per_minute is not None

    def validate(self, data: Mapping[str, Any]) -> In:
        """Return the input. Raises `InvalidInput` that names each field that does not fit."""
        try:
            checked = self.input.model_validate(data)
            storable(checked.model_dump(mode="json"))
        except ValidationError as error:
            raise InvalidInput(
                f"The input does not fit workflow {self.name!r}.",
                fields=[
                    FieldError(".".join(("input", *map(str, problem["loc"]))), problem["msg"])
                    for problem in error.errors()
                ],
            ) from None
        except ValueError as error:
            raise InvalidInput(str(error), fields=[FieldError("input", str(error))]) from None
        return checked
