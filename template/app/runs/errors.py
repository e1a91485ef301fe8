"""Errors of runs."""

from app.core.errors import NotFound


class RunNotFound(NotFound):
    """There is no run with this id."""

    code = "run-not-found"
    title = "Run not found"
