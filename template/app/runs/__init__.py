"""Runs: work that is accepted now, done by a worker, and answered when it is done. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.runs.dispatch import start_run
    from app.runs.events import follow_run
    from app.runs.models import Run, RunEvent, Status
    from app.runs.repository import get_run

__all__ = ["Run", "RunEvent", "Status", "follow_run", "get_run", "start_run"]

__getattr__ = lazy_exports(
    __name__,
    dispatch=("start_run",),
    events=("follow_run",),
    models=("Run", "RunEvent", "Status"),
    repository=("get_run",),
)
