"""`app beat`: the clock as a process, with the tasks of all schedules."""

import signal
from types import FrameType

import structlog

from app.core.errors import ConfigurationError
from app.core.logging import configure_logging
from app.db import dispose
from app.worker.celery import get_celery_app
from app.worker.clock import Clock, Work, load_schedules
from app.worker.loop import run_in_loop, worker_loop

log = structlog.get_logger(__name__)


def run_beat() -> None:
    """Run the clock until a signal comes."""
    configure_logging()
    schedules = load_schedules()
    clock = Clock({name: s.seconds for name, s in schedules.items()}, _work())
    loop = worker_loop()

    def stop(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(clock.stopping.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    log.info("clock.started", schedules=len(schedules))
    run_in_loop(clock.run())
    run_in_loop(dispose())
    log.info("clock.stopped")


def _work() -> dict[str, Work]:
    """Return the Celery task of each schedule. It is called here, not queued: no broker is needed for it."""
    app = get_celery_app()
    app.loader.import_default_modules()
    unknown = [s.task for s in load_schedules().values() if s.task not in app.tasks]
    if unknown:
        raise ConfigurationError(f"A schedule names a task that does not exist: {', '.join(unknown)}.")
    return {name: app.tasks[schedule.task] for name, schedule in load_schedules().items()}
