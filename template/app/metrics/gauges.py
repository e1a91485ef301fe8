"""What is looked up when somebody asks: runs by state, the queue, budgets. The database knows it for all."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select

from app.core.errors import ServiceUnavailable
from app.db import autocommit
from app.runs import Run, Status
from app.usage import configured_budgets, used_today

log = structlog.get_logger(__name__)

Value: TypeAlias = tuple[Sequence[str], float]
"""The values of the labels, and the number."""


async def gauges() -> list[Metric]:
    """Return what holds now. Without the database only that it is down."""
    try:
        found = [*await _runs(), *await _budgets()]
    except ServiceUnavailable as error:
        log.warning("metrics.without_database", reason=error.detail)
        return [_gauge("app_database_up", "Whether PostgreSQL answers.", [((), 0)])]
    return [_gauge("app_database_up", "Whether PostgreSQL answers.", [((), 1)]), *found]


async def _runs() -> list[Metric]:
    counted = select(Run.status, func.count()).group_by(Run.status)
    waited = func.extract("epoch", func.clock_timestamp() - func.min(Run.due_at))
    due = select(func.count(), func.coalesce(waited, 0)).where(
        Run.status == Status.queued, Run.due_at <= func.clock_timestamp()
    )
    async with autocommit() as session:
        counts = {str(status): int(runs) for status, runs in await session.execute(counted)}
        length, seconds = (await session.execute(due)).one()
    return [
        _gauge("app_runs", "Runs.", [((status,), counts.get(status, 0)) for status in Status], ["status"]),
        _gauge("app_queue_length", "Runs that are due, and that no worker has taken yet.", [((), length)]),
        _gauge("app_queue_oldest_seconds", "How long the oldest of them has been due.", [((), seconds)]),
    ]


async def _budgets() -> list[Metric]:
    used = await used_today(configured_budgets())
    labels = ["kind", "name"]
    names = [(each.budget.kind, each.budget.name) for each in used]
    limits = [float(each.budget.limit) for each in used]
    costs = [float(each.cost) for each in used]
    return [
        _gauge("app_budget_limit_dollars", "US dollars for a day.", zip(names, limits, strict=True), labels),
        _gauge("app_budget_used_dollars", "Of these, used.", zip(names, costs, strict=True), labels),
    ]


def _gauge(name: str, what: str, values: Iterable[Value], labels: Sequence[str] = ()) -> Metric:
    gauge = GaugeMetricFamily(name, what, labels=labels)
    for of_labels, number in values:
        gauge.add_metric(list(of_labels), number)
    return gauge
