"""Errors of the embedded servers."""

from app.core.errors import AppError


class EmbeddedServerError(AppError):
    """A server of a developer's machine cannot start."""
