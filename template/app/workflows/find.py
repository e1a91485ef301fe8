"""Find a workflow by its name."""

from typing import Any

from app.core.errors import InvalidInput
from app.workflows.extensions import WORKFLOWS
from app.workflows.workflow import Workflow


def get_workflow(name: str) -> Workflow[Any, Any]:
    """Return the workflow of that name. Raises `InvalidInput` that names those that exist."""
    found = WORKFLOWS.get(name)
    if found is None:
        available = ", ".join(sorted(WORKFLOWS.names())) or "none"
        raise InvalidInput(f"There is no workflow {name!r}.", hint=f"Available: {available}.")
    return found
