"""What runs look like over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.runs.models import Run, RunEvent, Status

_EXAMPLE: JsonValue = {
    "workflow": "echo_summary",
    "input": {"text": "Copier writes a project from a template. It can update it later.", "max_words": 8},
}


class RunRequest(BaseModel):
    """Start a workflow."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    workflow: Annotated[str, Field(min_length=1, max_length=200)]
    input: dict[str, Any]
    priority: int = Field(5, ge=0, le=9, strict=True, description="0 to 9; the higher, the sooner.")
    callback_url: str | None = Field(
        None,
        max_length=2000,
        description="Receives a signed POST (Standard Webhooks) when the run waits or has ended.",
        examples=["https://example.com/hooks/runs"],
    )


class RunError(BaseModel):
    """Why a run failed."""

    code: str = Field(examples=["model-unavailable"])
    detail: str
    hint: str | None = None
    details: dict[str, Any] | None = Field(None, description="What else is known, such as a transcript.")


class WaitingFor(BaseModel):
    """The decision that a run waits for."""

    step: str = Field(examples=["approve"])
    question: JsonValue = Field(description="What the person is asked.")
    decision_schema: dict[str, Any] = Field(description="JSON schema of the decision.")


class DecisionRequest(BaseModel):
    """What a person has decided. The run's `waiting_for` says whether more fields are wanted."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"step": "approve", "approved": True}]}
    )

    approved: bool = Field(strict=True)
    comment: str = Field("", max_length=10_000)
    step: str = Field(
        min_length=1,
        max_length=500,
        description="The step that is decided, as `waiting_for` names it: another one that waits now is not.",
    )


class RunSummary(BaseModel):
    """A run as a list shows it: without what it carries."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    workflow: str = Field(examples=["echo_summary"])
    workflow_version: int
    caller: str | None = Field(description="The key or subject that it belongs to.")
    status: Status
    priority: int
    attempt: int = Field(description="How often it has been started.")
    error: RunError | None = Field(description="What went wrong, the last time; null if nothing did.")
    cancel_requested: bool
    callback_url: str | None
    callback: Literal["waiting", "delivered", "given_up"] | None = Field(
        None, description="Whether the latest callback was delivered; null if there is no callback URL."
    )
    callback_delivered_at: datetime | None
    created_at: datetime
    due_at: datetime = Field(description="Not to be started earlier: after a failed attempt it waits.")
    started_at: datetime | None
    expires_at: datetime | None = Field(description="When it no longer waits for a decision, but fails.")
    finished_at: datetime | None

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return the view of a row."""
        view = cls.model_validate(run)
        view.callback = _callback_state(run)
        return view


class RunView(RunSummary):
    """A run as its owner sees it."""

    input: dict[str, Any]
    output: dict[str, Any] | None = Field(description="The result; null until the run has succeeded.")
    waiting_for: WaitingFor | None = Field(description="What a person has to decide before it goes on.")


def _callback_state(run: Run) -> Literal["waiting", "delivered", "given_up"] | None:
    if run.callback_url is None:
        return None
    if run.callback_delivered_at:
        return "delivered"
    is_over = run.callback_event_at is not None and run.callback_due_at is None
    return "given_up" if is_over else "waiting"


class RunPage(BaseModel):
    """Some runs, the newest first."""

    runs: list[RunSummary]
    next_cursor: str | None = Field(description="Where the next page begins; null on the last one.")


class RunEventView(BaseModel):
    """One thing that happened to a run."""

    run_id: UUID
    type: str = Field(
        examples=["running"], description="A state of the run, or `step`, `retrying` or `decided`."
    )
    data: dict[str, Any]
    created_at: datetime

    @classmethod
    def of(cls, event: RunEvent) -> "RunEventView":
        """Return the view of a row."""
        return cls(run_id=event.run_id, type=event.type, data=event.data, created_at=event.created_at)
