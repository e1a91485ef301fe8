"""Run the features' checks, each with a time limit."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from app.core.errors import AppError
from app.core.extensions import CHECKS, PROBES
from app.core.registry import ExtensionPoint

SECONDS = 5.0
"""How long a check may take."""

Check = Callable[[], Awaitable[str]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CheckResult:
    """What one check found. `error` is None when all is well."""

    name: str
    detail: str
    seconds: float
    error: str | None = None
    hint: str | None = None


async def run_checks(seconds: float = SECONDS) -> list[CheckResult]:
    """Run every feature's readiness checks at the same time."""
    return await _run_all(CHECKS, seconds)


async def run_probes(seconds: float = 120.0) -> list[CheckResult]:
    """Run the checks that cost money or take time."""
    return await _run_all(PROBES, seconds)


async def _run_all(checks: ExtensionPoint[Check], seconds: float) -> list[CheckResult]:
    return list(await asyncio.gather(*(_run(name, checks, seconds) for name in checks.names())))


async def _run(name: str, checks: ExtensionPoint[Check], seconds: float) -> CheckResult:
    started = time.perf_counter()

    def result(detail: str = "", error: str | None = None, hint: str | None = None) -> CheckResult:
        return CheckResult(name, detail, time.perf_counter() - started, error, hint)

    try:
        async with asyncio.timeout(seconds):
            check = checks.get(name)  # imported here: one that cannot be is one that fails
            assert check
            return result(await check())
    except TimeoutError:
        return result(error=f"No answer within {seconds:g} seconds.")
    except AppError as error:
        return result(error=error.detail, hint=error.hint)
    except OSError as error:
        return result(error=f"{error.strerror or error}: {error.filename or name}".rstrip(": ") + ".")
    except Exception as error:
        log.exception("check.failed", check=name)
        return result(error=f"The check failed with {type(error).__name__}.", hint="See the log.")
