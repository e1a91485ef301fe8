"""What features plug into the worker and its scheduler."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from app.core.registry import FUNCTION, ExtensionPoint


@dataclass(frozen=True)
class Schedule:
    """What `app beat` calls every `seconds`, in a thread."""

    seconds: float
    work: Callable[[], object]


TASKS: ExtensionPoint[ModuleType] = ExtensionPoint(
    "worker.tasks", ModuleType, "Modules with Celery tasks (`@shared_task`)."
)

SCHEDULES: ExtensionPoint[Schedule] = ExtensionPoint(
    "worker.schedules", Schedule, "What the scheduler calls, each in its interval."
)

SHUTDOWN: ExtensionPoint[Callable[[], Coroutine[Any, Any, None]]] = ExtensionPoint(
    "worker.shutdown", FUNCTION, "What a worker does first when it is stopped."
)
