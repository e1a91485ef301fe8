"""The Celery tasks: they only carry an id from the queue to the code that does the work.

Those of the clock are acknowledged when they begin: one that is lost is followed by the next.
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


@shared_task(name="runs.relay", acks_late=False)
def relay_runs() -> None:
    """Requeue runs that have no live message."""
    from app.runs.relay import relay

    run_in_loop(relay())


@shared_task(name="runs.prune", acks_late=False)
def prune_runs() -> None:
    """Delete what is older than the settings say."""
    from app.runs.retention import prune

    run_in_loop(prune())


@shared_task(name="runs.callbacks", acks_late=False)
def send_callbacks() -> None:
    """Notify callers of what their runs have come to."""
    from app.runs.callbacks import deliver_callbacks

    run_in_loop(deliver_callbacks())


@shared_task(name="runs.schedules", acks_late=False)
def start_scheduled_runs() -> None:
    """Start what is due by the clock."""
    from app.runs.schedules import start_due_runs

    run_in_loop(start_due_runs())
