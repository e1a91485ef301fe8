"""What is being worked on: bound where a request or a run begins, read by whoever watches, such as the log.

The scope is a context variable: it follows `await`, tasks and `run_in_thread`. Across the queue it travels in
the run's row, and is bound again where the run is executed.
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

ADMIN = "admin"
"""The right to everything."""

_ALL = ":all"


def allows(granted: Iterable[str], needed: str) -> bool:
    """Whether one of the granted rights covers the needed one: `app/api/scopes.py` says what they mean."""
    area = needed.partition(":")[0]
    covering = {ADMIN, needed, f"{area}:*:all", needed if needed.endswith(_ALL) else f"{needed}{_ALL}"}
    if not needed.endswith(_ALL):
        covering.add(f"{area}:*")
    return any(right in covering for right in granted)


@dataclass(frozen=True)
class Scope:
    """What is known of the work that goes on."""

    request_id: str | None = None
    run_id: str | None = None
    caller: str | None = None
    """The id of the key or the subject of the token, such as `key:1f2e…`; never a secret. None: nobody from
    outside has asked for this, such as a command on this machine."""
    rights: tuple[str, ...] = ()
    """What the caller may do: the scopes of the key or token."""
    groups: tuple[str, ...] = ()
    """The groups that the caller belongs to."""
    workflow: str | None = None
    node: str | None = None
    """The path of the node of a graph: `loop[2].draft`."""
    conversation: str | None = None
    traceparent: str | None = None
    """Where in a trace the work was asked for (W3C Trace Context): by a caller, or before the queue."""

    @cached_property
    def fields(self) -> dict[str, str]:
        """What is known, by name, for a line of the log."""
        known = vars(self).items()
        return {name: value for name, value in known if isinstance(value, str) and name != "traceparent"}

    def may(self, right: str) -> bool:
        """Whether the caller has a right. What nobody from outside has asked for may do everything."""
        return self.caller is None or allows(self.rights, right)


_NOTHING = Scope()
_scope: ContextVar[Scope] = ContextVar("scope", default=_NOTHING)


def current_scope() -> Scope:
    """Return the scope of the work that goes on here."""
    return _scope.get()


@contextmanager
def in_scope(**known: Any) -> Generator[Scope, None, None]:
    """Add what is known to the scope while a `with` block lasts.

    Not around the `yield` of an async generator: each part of one may run in another task.
    """
    token = _scope.set(replace(_scope.get(), **known))
    try:
        yield _scope.get()
    finally:
        _scope.reset(token)


def extend_scope(**known: Any) -> None:
    """Add what is known until the surrounding `in_scope` ends: a dependency of a route cannot wrap it."""
    _scope.set(replace(_scope.get(), **known))
