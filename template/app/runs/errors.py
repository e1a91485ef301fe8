"""Errors of runs."""

from app.core.errors import AppError, NotFound, TimedOut


class RunNotFound(NotFound):
    """There is no run with this id."""

    code = "run-not-found"
    title = "Run not found"


class RunConflict(AppError):
    """The run's state does not allow this, or the idempotency key belongs to another request."""

    status = 409
    code = "run-conflict"
    title = "Conflict"


class ClaimLost(AppError):
    """Another worker has taken over: this one must not go on."""

    code = "claim-lost"
    title = "Claim lost"


class RunAbandoned(AppError):
    """Every attempt ended with the death of its worker."""

    code = "run-abandoned"
    title = "Run abandoned"


class DecisionExpired(AppError):
    """Nobody decided in time."""

    code = "decision-expired"
    title = "Decision expired"


class WorkflowChanged(AppError):
    """The run was begun by another version of its workflow, whose kept results this one cannot use."""

    code = "workflow-changed"
    title = "Workflow changed"


class RunTimedOut(TimedOut):
    """An attempt took longer than the workflow's time limit."""

    code = "run-timed-out"
    title = "Run timed out"
