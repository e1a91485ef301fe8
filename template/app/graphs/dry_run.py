"""Work that is only looked at: it leaves nothing behind and notifies nobody, as in `app eval answers`.

Code with an effect outside of its result (a row, a webhook) asks `is_dry_run()` first.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_dry_run: ContextVar[bool] = ContextVar("dry_run", default=False)


def is_dry_run() -> bool:
    """Whether the work that calls this must have no effect."""
    return _dry_run.get()


@contextmanager
def dry_run() -> Generator[None]:
    """Make what is called inside, tasks and threads included, a dry run."""
    token = _dry_run.set(True)
    try:
        yield
    finally:
        _dry_run.reset(token)
