"""What features plug into the core. It imports nothing heavy: `app --help` needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from app.core.registry import FUNCTION, ExtensionPoint

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from contextlib import AbstractAsyncContextManager

    from app.core.settings import Settings
    from app.core.spans import Sink

COMMANDS: ExtensionPoint[typer.Typer] = ExtensionPoint(
    "core.commands", typer.Typer, "Commands of `app`. Their module imports nothing heavy at its top."
)

SETTINGS: ExtensionPoint[type[Settings]] = ExtensionPoint(
    "core.settings", type, "Settings classes, which `app doctor` checks."
)

PREFLIGHT: ExtensionPoint[Callable[[], object]] = ExtensionPoint(
    "core.preflight",
    FUNCTION,
    "What must hold before a server or a worker starts: raises an `AppError` that says why not.",
)

LIFESPANS: ExtensionPoint[Callable[[], AbstractAsyncContextManager[None]]] = ExtensionPoint(
    "core.lifespans", FUNCTION, "What to open before the application works, and to close afterwards."
)

CHECKS: ExtensionPoint[Callable[[], Awaitable[str]]] = ExtensionPoint(
    "core.checks",
    FUNCTION,
    "Readiness checks, for `/health/ready` and `app doctor`: return a short description or raise.",
)

PROBES: ExtensionPoint[Callable[[], Awaitable[str]]] = ExtensionPoint(
    "core.probes", FUNCTION, "Checks that cost money or take time: only `app doctor --call` runs them."
)

VARIABLES: ExtensionPoint[Callable[[], str]] = ExtensionPoint(
    "core.variables",
    FUNCTION,
    "Environment variables that development can supply, such as the URL of an embedded database.",
)

BUG_REPORTERS: ExtensionPoint[Callable[[BaseException], object]] = ExtensionPoint(
    "core.bug_reporters", FUNCTION, "What is told of errors that nobody expected, such as an error tracker."
)

SPAN_SINKS: ExtensionPoint[Sink] = ExtensionPoint(
    "core.span_sinks", FUNCTION, "What watches the pieces of work (`spans.py`), such as traces and costs."
)
