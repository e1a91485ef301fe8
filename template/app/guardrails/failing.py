"""What is done when a guard fails itself."""

from collections.abc import Callable
from typing import TypeVar

from app.core.errors import AppError
from app.guardrails.decisions import record_failure
from app.guardrails.errors import GuardFailed
from app.guardrails.settings import GuardrailSettings

T = TypeVar("T")


def guarded(name: str, work: Callable[[], T], otherwise: T) -> T:
    """Do the work of a guard. Where it fails: raise `GuardFailed`, or return what there was without it."""
    try:
        return work()
    except AppError:
        raise
    except Exception as error:
        record_failure(name, error)
        if GuardrailSettings.load().fail_closed:
            raise GuardFailed(f"The guard {name!r} failed.", hint="The log says why.") from error
        return otherwise
