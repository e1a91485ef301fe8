"""Errors of workflows."""

from app.core.errors import AppError, TimedOut


class DefinitionError(AppError):
    """A workflow is declared wrongly; the message names the node."""

    code = "workflow-definition"
    title = "Workflow definition error"


class NodeTimedOut(TimedOut):
    """A node took longer than its time limit."""

    code = "node-timed-out"
    title = "Node timed out"


class WrongOutput(AppError):
    """A function gave another thing than its type says."""

    code = "wrong-output"
    title = "Wrong output of a node"


class UnknownChoice(AppError):
    """A model chose a node that is none of those it may choose."""

    status = 502
    code = "unknown-choice"
    title = "Unknown choice"


class LoopDidNotConverge(AppError):
    """A loop reached its bound, and its result is still not good enough."""

    status = 502
    code = "loop-did-not-converge"
    title = "Loop did not converge"
