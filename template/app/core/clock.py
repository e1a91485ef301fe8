"""The one place that reads the wall clock, so that a test can set it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, with the time zone UTC."""
    return datetime.now(UTC)
