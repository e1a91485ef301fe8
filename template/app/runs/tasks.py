"""The Celery tasks: they only carry an id from the queue to the code that does the work.

All but `runs.execute` are called by the clock (`app beat`), not queued.
"""

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
    """Requeue runs that have no live message."""
    from app.runs.relay import relay

    run_in_loop(relay())


@shared_task(name="runs.prune")
def prune_runs() -> None:
    """Delete what is older than the settings say."""
    from app.runs.retention import prune

    run_in_loop(prune())


@shared_task(name="runs.callbacks")
def send_callbacks() -> None:
    """Notify callers of what their runs have come to."""
    from app.runs.callbacks import deliver_callbacks

    run_in_loop(deliver_callbacks())


@shared_task(name="runs.schedules")
def start_scheduled_runs() -> None:
    """Start what is due by the clock."""
    from app.runs.schedules import start_due_runs

    run_in_loop(start_due_runs())
