"""What nobody expected: told to whoever collects it (`core.bug_reporters`), wherever it is logged."""

import logging
from contextlib import suppress

from app.core.errors import AppError

_REPORTED = "__reported__"
"""Set on an error that was reported: it may be logged again on its way up."""


class BugHandler(logging.Handler):
    """Reports each error that is logged with its traceback, by us or by a library."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        """Report it."""
        error = record.exc_info[1] if record.exc_info else None
        if error:
            report_bug(error)


def report_bug(error: BaseException) -> None:
    """Report an error that is none of ours. What reports it must not break what goes on."""
    from app.core.extensions import BUG_REPORTERS  # brings Typer, which a worker does not need

    if isinstance(error, AppError) or getattr(error, _REPORTED, False):
        return
    with suppress(AttributeError):  # a class may have no room for it
        setattr(error, _REPORTED, True)
    for report in BUG_REPORTERS.load().values():
        try:
            report(error)
        except Exception as failure:  # noqa: BLE001 - to log it with its traceback would report it again
            logging.getLogger(__name__).warning("bug.not_reported: %s: %s", type(failure).__name__, failure)
