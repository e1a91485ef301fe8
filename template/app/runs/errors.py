"""Errors of runs."""

from app.core.errors import AppError, NotFound, TimedOut


class RunNotFound(NotFound):
    """There is no run with this id."""


class RunConflict(AppError):
    """The run's state does not allow this, or the idempotency key belongs to another request."""

    status = 409


class ClaimLost(AppError):
    """Another worker has taken over: this one must not go on."""


class RunAbandoned(AppError):
    """Every attempt ended with the death of its worker."""


class DecisionExpired(AppError):
    """Nobody decided in time."""


class WorkflowChanged(AppError):
    """The run was begun by another version of its workflow, whose kept results this one cannot use."""


class RunTimedOut(TimedOut):
    """An attempt took longer than the workflow's time limit."""
