"""What runs look like over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.runs.models import Run, Status

_EXAMPLE: JsonValue = {
    "workflow": "echo_summary",
    "input": {"text": "Copier writes a project from a template. It can update it later.", "max_words": 8},
}


class RunRequest(BaseModel):
    """Start a workflow."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    workflow: Annotated[str, Field(min_length=1, max_length=200)]
    input: dict[str, Any]


class RunError(BaseModel):
    """Why a run failed."""

    code: str = Field(examples=["model-unavailable"])
    detail: str
    hint: str | None = None


class RunView(BaseModel):
    """A run as its owner sees it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    workflow: str = Field(examples=["echo_summary"])
    status: Status
    input: dict[str, Any]
    output: dict[str, Any] | None = Field(description="The result; null until the run has succeeded.")
    error: RunError | None = Field(description="Why it failed; null unless it has.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, run: Run) -> "RunView":
        """Return the view of a row."""
        return cls.model_validate(run)
