"""What a workflow is to the rest of the application: typed input in, typed output out, in steps."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from app.core.errors import AppError, FieldError, InvalidInput
from app.core.text import storable

In = TypeVar("In", bound=BaseModel)
Out = TypeVar("Out", bound=BaseModel)
S = TypeVar("S")

_ANY: TypeAdapter[Any] = TypeAdapter(Any)


class Decision(BaseModel):
    """What a person has decided. A workflow that wants to hear more has a subclass with more fields."""

    model_config = ConfigDict(extra="forbid")

    approved: bool
    comment: str = ""


D = TypeVar("D", bound=Decision)


class DecisionNeeded(AppError):
    """The work cannot go on before a person has decided."""

    status = 409
    code = "decision-needed"
    title = "Decision needed"

    def __init__(self, step: str, question: object, decision: type[Decision]) -> None:
        super().__init__(
            f"{step!r} waits for a person's decision.",
            hint=f"Give it with --decision '{step}={{\"approved\": true}}'.",
        )
        self.step = step
        self.question: JsonValue = _ANY.dump_python(question, mode="json")
        """What the person is asked."""
        self.decision = decision


class RepeatedStep(AppError):
    """Two steps of one run have the same name: the second would be given the result of the first."""

    code = "repeated-step"
    title = "Step name used twice"


class Steps:
    """Carries out the steps of a workflow, in their order. Each name may be used once in a run.

    This one keeps nothing: it is for a direct call and for tests, and is told beforehand what people decide.
    A durable run has one that keeps each step's output, and gives it back instead of doing the work again.
    """

    def __init__(self, decisions: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._decisions = decisions or {}
        self._begun: set[str] = set()

    @property
    def unused_decisions(self) -> list[str]:
        """The decisions that no step has asked for."""
        return sorted(self._decisions.keys() - self._begun)

    def begin(self, name: str) -> None:
        """Reserve the name of a step. Raises `RepeatedStep` if this run has used it."""
        if name in self._begun:
            raise RepeatedStep(
                f"The workflow uses the step name {name!r} twice.",
                hint='Give each step a name of its own; in a loop, number them: f"fetch[{n}]".',
            )
        self._begun.add(name)

    def repeat(self, path: str) -> None:
        """Allow the steps at `path` and inside it once more: a group of nodes is tried again."""
        self._begun = {name for name in self._begun if not name.startswith((f"{path}.", f"{path}["))}

    async def step(self, name: str, output_type: type[S], work: Callable[[], Awaitable[S]]) -> S:
        """Do the work and return its result. `name` is unique in the workflow and stays the same.

        Raises `RepeatedStep`.
        """
        del output_type
        self.begin(name)
        return await work()

    async def decide(self, name: str, question: object, decision: type[D]) -> D:
        """Return what a person has decided. Raises `DecisionNeeded` if nobody has, or `RepeatedStep`."""
        self.begin(name)
        if name not in self._decisions:
            raise DecisionNeeded(name, question, decision)
        return check_decision(decision, self._decisions[name])


def check_decision(decision: type[D], data: Mapping[str, Any]) -> D:
    """Return a decision. Raises `InvalidInput` that names each field that does not fit."""
    try:
        return decision.model_validate(data)
    except ValidationError as error:
        fields = [FieldError(".".join(map(str, p["loc"])), p["msg"]) for p in error.errors()]
        raise InvalidInput("The decision does not fit.", fields=fields) from None


class ReportedSteps(Steps):
    """Keeps nothing either, but says which step begins."""

    def __init__(
        self, report: Callable[[str], None], decisions: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        super().__init__(decisions)
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

    version: int = 1
    """Raise it when steps change their meaning or the type of their output. A run that an older version has
    begun is then not continued with results that this one would misread."""

    decide_within: float | None = None
    """Seconds that a run waits for a person's decision; then it fails. None: as `RUNS_DECIDE_WITHIN` says."""

    max_attempts: int = 3
    """How often a run is tried after an error that may pass, or after its worker has died."""

    max_concurrency: int | None = None
    """How many of its runs may be running at the same time."""

    max_per_minute: int | None = None
    """How many of its runs may start within a minute."""

    decisions: Mapping[str, type[Decision]] = field(default_factory=dict)
    """What people decide, by the name of the step."""

    diagram: Callable[[str], str] | None = None
    """Draws it, in the language `mermaid` or `dot`; None: it has no picture."""

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
