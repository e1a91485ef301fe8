"""Errors of updates."""

from app.core.errors import AppError


class UpdateError(AppError):
    """The project cannot be compared with its template, or not be updated."""

    code = "template-update"
