"""Is the process alive, and can it work?"""

from typing import Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from app.api.security import public
from app.core.checks import CheckResult, run_checks
from app.core.redaction import redact_text

HEALTH = "/health"

router = APIRouter(prefix=HEALTH, tags=["health"], dependencies=[Depends(public)])

_SECONDS = 3.0


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class CheckReport(BaseModel):
    """What one dependency answered."""

    status: Literal["ok", "failed"]
    detail: str = Field(examples=["PostgreSQL 18.1"])
    milliseconds: float = Field(examples=[1.4])


class Readiness(BaseModel):
    """Whether all dependencies answer."""

    status: Literal["ready", "unavailable"]
    checks: dict[str, CheckReport]


@router.head("/live", include_in_schema=False)
@router.get("/live")
async def live() -> Alive:
    """Answer that the process runs. Asks nothing else: a broken database is no reason to restart it."""
    return Alive()


@router.head("/ready", include_in_schema=False)
@router.get("/ready", responses={503: {"model": Readiness, "description": "A dependency does not answer."}})
async def ready(response: Response) -> Readiness:
    """Ask every dependency, each with a time limit; 503 if one does not answer."""
    results = await run_checks(_SECONDS)
    failed = any(result.error for result in results)
    if failed:
        response.status_code = 503
    return Readiness(
        status="unavailable" if failed else "ready",
        checks={result.name: _report(result) for result in results},
    )


def _report(result: CheckResult) -> CheckReport:
    return CheckReport(
        status="failed" if result.error else "ok",
        detail=redact_text(result.error or result.detail),
        milliseconds=round(result.seconds * 1000, 1),
    )
