"""What is being worked on: bound where a request or a run begins, read by whoever watches, such as the log.

The scope is a context variable: it follows `await`, tasks and `run_in_thread`. Across the queue it travels in
the run's row, and is bound again where the run is executed.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cached_property


@dataclass(frozen=True)
class Scope:
    """What is known of the work that goes on."""

    request_id: str | None = None
    run_id: str | None = None
    caller: str | None = None
    """The id of the key or the subject of the token, such as `key:1f2e…`; never a secret."""
    workflow: str | None = None
    node: str | None = None
    """The path of the node of a graph: `loop[2].draft`."""
    conversation: str | None = None

    @cached_property
    def fields(self) -> dict[str, str]:
        """What is known, by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, str)}


_NOTHING = Scope()
_scope: ContextVar[Scope] = ContextVar("scope", default=_NOTHING)


def current_scope() -> Scope:
    """Return the scope of the work that goes on here."""
    return _scope.get()


@contextmanager
def in_scope(**known: str | None) -> Generator[Scope, None, None]:
    """Add what is known to the scope while a `with` block lasts.

    Not around the `yield` of an async generator: each part of one may run in another task.
    """
    token = _scope.set(replace(_scope.get(), **known))
    try:
        yield _scope.get()
    finally:
        _scope.reset(token)


def extend_scope(**known: str | None) -> None:
    """Add what is known until the surrounding `in_scope` ends: a dependency of a route cannot wrap it."""
    _scope.set(replace(_scope.get(), **known))
