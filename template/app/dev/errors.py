"""Errors of a developer's machine."""

from app.core.errors import AppError


class DevError(AppError):
    """The development environment cannot start."""

    code = "development"
