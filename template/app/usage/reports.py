"""What was taken, added up for whoever asks."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta

from app.core.errors import FieldError, InvalidInput
from app.usage import repository
from app.usage.budgets import DailyBudget
from app.usage.columns import Column
from app.usage.schemas import BudgetView, Usage, UsageItem

DAYS = 30
MOST_ITEMS = 10_000


async def report(
    since: date | None,
    until: date | None,
    by: Collection[Column],
    *,
    caller: str | None,
    budgets: Sequence[DailyBudget],
) -> Usage:
    """Add up from one day to another. Raises `InvalidInput`.

    `caller`: only theirs; None: of all. Without days: the last thirty.
    """
    until = until or datetime.now(UTC).date()
    since = since or until - timedelta(days=min(DAYS - 1, until.toordinal() - 1))
    if since > until:
        raise InvalidInput(
            "The days are wrong.", fields=[FieldError("query.since", f"it is after {until}, where it ends")]
        )
    rows = await repository.add_up(since, until, by, caller, MOST_ITEMS + 1)
    if len(rows) > MOST_ITEMS:
        raise InvalidInput(f"That is more than {MOST_ITEMS} rows.", hint="Ask for fewer days, or columns.")
    used = await repository.used_today(budgets)
    return Usage(
        since=since,
        until=until,
        items=[UsageItem(**row) for row in rows],
        budgets=[BudgetView.of(each) for each in used],
    )
