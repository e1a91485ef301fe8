"""What a guard has decided: traced, counted and logged. Where it lets pass, nothing is said."""

from typing import Literal

import structlog

from app.core.spans import span

log = structlog.get_logger(__name__)

Decision = Literal["reported", "removed", "masked", "cleaned", "refused", "failed"]

_BY_SWITCH: dict[str, Decision] = {
    "report": "reported",
    "remove": "removed",
    "mask": "masked",
    "clean": "cleaned",
    "refuse": "refused",
}


def record(guard: str, switch: str, *, kind: str = "", found: str = "") -> None:
    """Say what a guard does. `found` is what people or models have said: for traces alone."""
    _record(guard, _BY_SWITCH[switch], kind, found)


def record_failure(guard: str, error: Exception) -> None:
    """Say that a guard could not decide."""
    log.error("guardrail.failed", guard=guard, error=f"{type(error).__name__}: {error}")
    _record(guard, "failed", type(error).__name__, "")


def _record(guard: str, decision: Decision, kind: str, found: str) -> None:
    with span("guard", guard=guard, decision=decision, kind=kind) as piece:
        piece.say(found=found)
    if decision != "failed":
        log.warning("guardrail", guard=guard, decision=decision, kind=kind)
