"""Delete what is older than the settings say, in small batches that lock nothing for long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, delete, func, select, tuple_

from app.db import autocommit
from app.runs.models import Run, RunEvent, RunStep, Status
from app.runs.settings import RunsSettings

log = structlog.get_logger(__name__)

_BATCH = 1000


@dataclass(frozen=True)
class Rule:
    """One kind of row, and after how many days it is deleted."""

    kind: str
    days: float | None
    model: Any
    key: Sequence[Any]
    condition: ColumnElement[bool]


def _rules() -> list[Rule]:
    settings = RunsSettings.load()
    succeeded = Run.status == Status.succeeded
    failed = Run.status.in_([Status.failed, Status.cancelled])
    of_succeeded = RunStep.run_id.in_(select(Run.id).where(succeeded, _is_old(settings.keep_steps_days)))
    of_ended = RunEvent.run_id.in_(
        select(Run.id).where(succeeded | failed, _is_old(settings.keep_events_days))
    )
    rules = [
        Rule(
            "succeeded runs",
            settings.keep_succeeded_days,
            Run,
            [Run.id],
            and_(succeeded, _is_old(settings.keep_succeeded_days)),
        ),
        Rule(
            "failed and cancelled runs",
            settings.keep_failed_days,
            Run,
            [Run.id],
            and_(failed, _is_old(settings.keep_failed_days)),
        ),
        Rule("steps", settings.keep_steps_days, RunStep, [RunStep.run_id, RunStep.name], of_succeeded),
        Rule("events", settings.keep_events_days, RunEvent, [RunEvent.id], of_ended),
    ]
    return [rule for rule in rules if rule.days is not None]


def _is_old(days: float | None) -> ColumnElement[bool]:
    """Whether a run ended longer ago, and no callback for it is pending."""
    age = func.clock_timestamp() - timedelta(days=days or 0)
    return and_(Run.finished_at < age, Run.callback_due_at.is_(None))


async def prune() -> Mapping[str, int]:
    """Delete what is too old. Returns how many rows of each kind; none for a kind that is kept forever."""
    deleted = {rule.kind: await _delete(rule) for rule in _rules()}
    if any(deleted.values()):
        log.info("runs.pruned", **{kind.replace(" ", "_"): count for kind, count in deleted.items()})
    return deleted


async def count_old() -> Mapping[str, int]:
    """Return how many rows of each kind `prune` would delete."""
    found = {}
    for rule in _rules():
        statement = select(func.count()).select_from(rule.model).where(rule.condition)
        async with autocommit() as session:
            found[rule.kind] = await session.scalar(statement) or 0
    return found


async def _delete(rule: Rule) -> int:
    some = select(*rule.key).where(rule.condition).limit(_BATCH)
    statement = delete(rule.model).where(tuple_(*rule.key).in_(some)).returning(rule.key[0])
    count = 0
    while True:
        async with autocommit() as session:
            gone = len((await session.scalars(statement)).all())
        count += gone
        if gone < _BATCH:
            return count
