"""Work with a name: typed input in, typed output out, in steps. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.workflows.extensions import WORKFLOWS
    from app.workflows.find import get_workflow
    from app.workflows.steps import (
        Decision,
        DecisionNeeded,
        RepeatedStep,
        ReportedSteps,
        Steps,
        check_decision,
    )
    from app.workflows.workflow import Workflow

__all__ = [
    "WORKFLOWS",
    "Decision",
    "DecisionNeeded",
    "RepeatedStep",
    "ReportedSteps",
    "Steps",
    "Workflow",
    "check_decision",
    "get_workflow",
]

__getattr__ = lazy_exports(
    __name__,
    extensions=("WORKFLOWS",),
    find=("get_workflow",),
    steps=("Decision", "DecisionNeeded", "RepeatedStep", "ReportedSteps", "Steps", "check_decision"),
    workflow=("Workflow",),
)
