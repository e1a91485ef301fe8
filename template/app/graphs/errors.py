"""Errors of workflows."""

from app.core.errors import AppError, TimedOut


class DefinitionError(AppError):
    """A workflow is declared wrongly; the message names the node."""

    code = "workflow-definition"


class NodeTimedOut(TimedOut):
    """A node took longer than its time limit."""


class WrongOutput(AppError):
    """A function gave another thing than its type says."""


class UnknownChoice(AppError):
    """A model chose a node that is none of those it may choose."""

    status = 502


class LoopDidNotConverge(AppError):
    """A loop reached its bound, and its result is still not good enough."""

    status = 502
