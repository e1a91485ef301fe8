"""`app beat`: the scheduler as a process, with the tasks of all schedules."""

import signal
from types import FrameType

import structlog

from app.core.logging import configure_logging
from app.db import dispose
from app.worker.extensions import SCHEDULES
from app.worker.loop import run_in_loop, worker_loop
from app.worker.scheduler import Scheduler

log = structlog.get_logger(__name__)


def run_beat() -> None:
    """Run the scheduler until a signal comes."""
    configure_logging()
    schedules = SCHEDULES.load()
    scheduler = Scheduler(schedules)
    loop = worker_loop()

    def stop(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(scheduler.stopping.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    log.info("scheduler.started", schedules=len(schedules))
    run_in_loop(scheduler.run())
    run_in_loop(dispose())
    log.info("scheduler.stopped")
