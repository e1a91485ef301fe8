"""`app beat`: the clock as a process, with the tasks of all schedules."""

import signal
from types import FrameType

import structlog

from app.core.logging import configure_logging
from app.db import dispose
from app.worker.clock import Clock
from app.worker.extensions import SCHEDULES
from app.worker.loop import run_in_loop, worker_loop

log = structlog.get_logger(__name__)


def run_beat() -> None:
    """Run the clock until a signal comes."""
    configure_logging()
    schedules = SCHEDULES.load()
    clock = Clock(schedules)
    loop = worker_loop()

    def stop(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(clock.stopping.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    log.info("clock.started", schedules=len(schedules))
    run_in_loop(clock.run())
    run_in_loop(dispose())
    log.info("clock.stopped")
