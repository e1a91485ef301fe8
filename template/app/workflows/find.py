"""Find a workflow by its name."""

from typing import Any

from app.core.errors import InvalidInput, available
from app.workflows.extensions import WORKFLOWS
from app.workflows.workflow import Workflow


def get_workflow(name: str) -> Workflow[Any, Any]:
    """Return the workflow of that name. Raises `InvalidInput` that names those that exist."""
    found = WORKFLOWS.get(name)
    if found is None:
        raise InvalidInput(f"There is no workflow {name!r}.", hint=available(sorted(WORKFLOWS.names())))
    return found
