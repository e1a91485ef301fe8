"""A change of a run, its event and the announcement, as one statement: all of it happens, or nothing.

One statement is one message to the server. The same as a transaction was five, and cost most of a run.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CTE, Select, Text, bindparam, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import aliased

from app.db import autocommit
from app.runs.models import Run, RunEvent, RunStep

CHANNEL = "run_events"
"""The PostgreSQL channel on which each event is announced; the payload is the run's id."""


async def change(
    statement: Select[Run, Any], event: str, values: Mapping[str, Any] | None = None, **data: Any
) -> Run | None:
    """Change a run, record that, and notify listeners: all of it or nothing. Returns the changed run."""
    async with autocommit() as session:
        run: Run | None = await session.scalar(statement, with_event(values or {}, event, data))
        return run


def with_event(values: Mapping[str, Any], event: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a statement with those of its event."""
    known = {name: value for name, value in data.items() if value is not None}
    return {**values, "event": str(event), "event_data": known}


def recorded(update: Any) -> Select[Run, Any]:
    """Return one statement that makes a change, records an event and announces it."""
    return announced(update.returning(*Run.__table__.c).cte("changed"))


def announced(runs: CTE) -> Select[Run, Any]:
    """Return a statement that records an event of the runs of a CTE, announces it, and gives the runs."""
    attempt = func.jsonb_build_object("attempt", runs.c.attempt)
    details = bindparam("event_data", type_=JSONB).op("||")(attempt)
    values = select(runs.c.id, bindparam("event", type_=Text), details)
    event_row = insert(RunEvent).from_select(["run_id", "type", "data"], values).cte("event")
    notice = func.pg_notify(CHANNEL, cast(runs.c.id, Text))
    return select(aliased(Run, runs), notice).add_cte(event_row)


def with_step(runs: CTE, name: str, value: Any) -> Select[Run, Any]:
    """Return a statement that keeps a step's output for the runs of a CTE, and announces that."""
    output = literal({"value": value}, JSONB)
    kept = insert(RunStep).from_select(["run_id", "name", "output"], select(runs.c.id, literal(name), output))
    return announced(runs).add_cte(kept.cte("kept"))
