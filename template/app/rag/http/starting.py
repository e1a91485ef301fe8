"""Let workers index documents."""

from typing import Any

from app.core.scope import current_scope
from app.runs import start_run


async def start(workflow: str, data: dict[str, Any], key: str) -> None:
    """Start a run for the caller. The same key starts one."""
    await start_run(workflow, data, caller=current_scope().caller, idempotency_key=key)
