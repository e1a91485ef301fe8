"""Errors that say what is wrong and what to do, and know their HTTP status.

    AppError                  500  the base: never raised itself
    ├── ConfigurationError    500  a setting is missing or wrong
    ├── NotFound              404
    ├── InvalidInput          422  a field of the input is wrong
    ├── TimedOut              504  the work took longer than it may
    └── ServiceUnavailable    503  something we depend on does not answer

A feature adds its own below these, in its `errors.py`. An error's code is the name of its class, and its
title the words of its code: `RunNotFound` has the code `run-not-found` and the title "Run not found".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pydantic import ValidationError


@dataclass(frozen=True)
class FieldError:
    """One wrong field: `field` is its path, such as `input.text`."""

    field: str
    message: str


def field_errors(error: ValidationError, *within: str) -> list[FieldError]:
    """Return what pydantic found wrong, each with the path of its field below `within`."""
    return [
        FieldError(".".join((*within, *map(str, problem["loc"]))), problem["msg"])
        for problem in error.errors(include_url=False, include_input=False)
    ]


def available(names: Iterable[str]) -> str:
    """Return the hint that lists what there is."""
    return f"Available: {', '.join(names) or 'none'}."


def in_one_line(detail: str, fields: Sequence[FieldError], hint: str | None) -> str:
    """Return all that is known of an error as sentences."""
    if not fields and not hint:
        return detail
    wrong = "; ".join(f"{field.field}: {field.message}" for field in fields)
    parts = [detail, wrong, hint or ""]
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts if part)


class AppError(Exception):
    """An error that its reader can act on.

    `detail` is one or two sentences, safe to show to the caller; `hint` says what to do about it.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str]
    """The kind of error, for programs. A class sets its own where its name says it less well."""
    title: ClassVar[str]
    retryable: ClassVar[bool] = False
    """Whether another try, a while later, may succeed."""

    def __init_subclass__(cls) -> None:
        """Derive the code and the title that the class does not set itself."""
        if "code" not in vars(cls):
            cls.code = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()
        if "title" not in vars(cls):
            cls.title = re.sub("[-_]", " ", cls.code).capitalize()

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
        return in_one_line(self.detail, self.fields, self.hint)


class ConfigurationError(AppError):
    """A setting is missing, malformed or not allowed in this environment."""

    code = "configuration"


class NotFound(AppError):
    """What was asked for does not exist."""

    status = 404


class InvalidInput(AppError):
    """The input does not fit its schema; `fields` names what is wrong."""

    status = 422


class TimedOut(AppError):
    """The work took longer than it may."""

    status = 504
    retryable = True


class ServiceUnavailable(AppError):
    """A service that this application depends on does not answer."""

    status = 503
    retryable = True
