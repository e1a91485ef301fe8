"""The Celery tasks: they only carry an id from the queue to the code that does the work."""

from uuid import UUID

from celery import shared_task

from app.worker import run_in_loop

EXECUTE = "runs.execute"
"""The name under which a run is queued, with its id."""


@shared_task(name=EXECUTE)
def execute_run(run_id: str) -> None:
    """Carry out one run."""
    from app.runs.execute import execute

    run_in_loop(execute(UUID(run_id)))


@shared_task(name="runs.relay")
def relay_runs() -> None:
    """Queue again what should have been queued."""
    from app.runs.relay import relay

    run_in_loop(relay())
