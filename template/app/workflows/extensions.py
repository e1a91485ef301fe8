"""What features plug in as a workflow."""

from typing import Any

from app.core.registry import ExtensionPoint
from app.workflows.workflow import Workflow

WORKFLOWS: ExtensionPoint[Workflow[Any, Any]] = ExtensionPoint(
    "workflows.workflows", Workflow, "Work that can be started by name."
)
