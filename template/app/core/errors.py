"""Errors that say what is wrong and what to do, and know their HTTP status.

    AppError                  500  the base: never raised itself
    ├── ConfigurationError    500  a setting is missing or wrong
    ├── NotFound              404
    ├── InvalidInput          422  a field of the input is wrong
    ├── TimedOut              504  the work took longer than it may
    └── ServiceUnavailable    503  something we depend on does not answer

A feature adds its own below these, in its `errors.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldError:
    """One wrong field: `field` is its path, such as `input.text`."""

    field: str
    message: str


class AppError(Exception):
    """An error that its reader can act on.

    `detail` is one or two sentences, safe to show to the caller; `hint` says what to do about it.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"
    retryable: ClassVar[bool] = False
    """Whether another try, a while later, may succeed."""

    def __init__(
        self,
        detail: str,
        *,
        hint: str | None = None,
        fields: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.fields = tuple(fields)
        self.details: dict[str, Any] = {}
        """What else is known, as JSON: kept with a run that failed, shown to its owner."""

    def __str__(self) -> str:
        """The detail, then what is wrong with which field, then the hint."""
        if not self.fields and not self.hint:
            return self.detail
        fields = "; ".join(f"{field.field}: {field.message}" for field in self.fields)
        parts = [self.detail, fields, self.hint or ""]
        return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts if part)


class ConfigurationError(AppError):
    """A setting is missing, malformed or not allowed in this environment."""

    code = "configuration"
    title = "Configuration error"


class NotFound(AppError):
    """What was asked for does not exist."""

    status = 404
    code = "not-found"
    title = "Not found"


class InvalidInput(AppError):
    """The input does not fit its schema; `fields` names what is wrong."""

    status = 422
    code = "invalid-input"
    title = "Invalid input"


class TimedOut(AppError):
    """The work took longer than it may."""

    status = 504
    code = "timed-out"
    title = "Timed out"
    retryable = True


class ServiceUnavailable(AppError):
    """A service that this application depends on does not answer."""

    status = 503
    code = "service-unavailable"
    title = "Service unavailable"
    retryable = True
