"""Celery: the queue, and the processes that work on it."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.worker.celery import get_celery_app
    from app.worker.extensions import Schedule
    from app.worker.loop import run_in_loop
    from app.worker.publishing import publish
    from app.worker.settings import BrokerSettings

__all__ = ["BrokerSettings", "Schedule", "get_celery_app", "publish", "run_in_loop"]

__getattr__ = lazy_exports(
    __name__,
    celery=("get_celery_app",),
    extensions=("Schedule",),
    loop=("run_in_loop",),
    publishing=("publish",),
    settings=("BrokerSettings",),
)
