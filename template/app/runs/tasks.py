"""The Celery task that carries a run's id from the queue to `execute`; what the scheduler calls."""

from uuid import UUID

from celery import shared_task

from app.worker import Schedule, run_in_loop

EXECUTE = "runs.execute"
"""The name under which a run is queued, with its id."""


@shared_task(name=EXECUTE)
def execute_run(run_id: str) -> None:
    """Carry out one run."""
    from app.runs.execute import execute

    run_in_loop(execute(UUID(run_id)))


def relay_runs() -> None:
    """Requeue runs that have no live message."""
    from app.runs.dispatch import relay

    run_in_loop(relay())


def prune_runs() -> None:
    """Delete what is older than the settings say."""
    from app.runs.retention import prune

    run_in_loop(prune())


def send_callbacks() -> None:
    """Notify callers of what their runs have come to."""
    from app.runs.callbacks import deliver_callbacks

    run_in_loop(deliver_callbacks())


def start_scheduled_runs() -> None:
    """Start the scheduled runs that are due."""
    from app.runs.schedules import start_due_runs

    run_in_loop(start_due_runs())


RELAY = Schedule(seconds=2, work=relay_runs)
CALLBACKS = Schedule(seconds=2, work=send_callbacks)
SCHEDULES = Schedule(seconds=5, work=start_scheduled_runs)
PRUNE = Schedule(seconds=3600, work=prune_runs)
