"""Whose documents the caller may read, by whichever door it came in: HTTP, a run, an agent, MCP."""

from app.core.scope import current_scope
from app.rag.errors import DocumentsNotAllowed
from app.rag.models import EVERYONE

READ = "documents:read"
WRITE = "documents:write"


def current_readers() -> tuple[str, ...] | None:
    """Return the owners whose documents may be read: everyone's, the caller's own and its groups'; None: all.

    Raises `DocumentsNotAllowed`. A command on this machine reads all.
    """
    scope = current_scope()
    if scope.may(f"{READ}:all"):
        return None
    if not scope.may(READ) or scope.caller is None:
        raise DocumentsNotAllowed(f"The key lacks the scope {READ!r}.")
    return (EVERYONE, scope.caller, *map(of_group, scope.groups))


def current_owners() -> tuple[str, ...] | None:
    """Return the owners whose documents may be added and deleted: oneself and one's groups; None: all.

    Raises `DocumentsNotAllowed`.
    """
    scope = current_scope()
    if scope.may(f"{WRITE}:all"):
        return None
    if not scope.may(WRITE) or scope.caller is None:
        raise DocumentsNotAllowed(f"The key lacks the scope {WRITE!r}.")
    return (scope.caller, *map(of_group, scope.groups))


def of_group(name: str) -> str:
    """Return the owner that stands for a group."""
    return f"group:{name}"
