"""Runs for tests."""

from typing import Any

from app.runs import repository
from app.runs.models import Run, Status


async def stored_run(**values: Any) -> Run:
    """Store a queued run of `echo_summary`, with other values as given."""
    defaults: dict[str, Any] = {
        "workflow": "echo_summary",
        "status": Status.queued,
        "input": {"text": "One two three four", "max_words": 2},
    }
    run = Run(**{**defaults, **values})
    await repository.insert(run)
    return run
