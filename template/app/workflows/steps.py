"""How a workflow does its work: in steps, some of which wait for a person's decision."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from app.core.errors import AppError, InvalidInput, field_errors

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
    is_no_failure: ClassVar[bool] = True
    """Spans end without an error: the work waits."""

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


class Steps:
    """Carries out the steps of a workflow, in their order. Each name may be used once in a run.

    This one keeps nothing: it is for a direct call and for tests, and gets people's decisions in advance.
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
        raise InvalidInput("The decision does not fit.", fields=field_errors(error)) from None


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
