"""What can go wrong with an action."""

from app.core.errors import AppError, ServiceUnavailable


class ActionFailed(ServiceUnavailable):
    """The receiver of actions does not answer; another try may succeed."""


class ActionRefused(AppError):
    """The receiver of actions does not want this one."""

    status = 502
