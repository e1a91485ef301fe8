"""All SQL on the ledger. The day is that of the database's clock, in UTC."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import autocommit, new_id, transaction
from app.llm import Taken
from app.usage.budgets import Account, DailyBudget, Used
from app.usage.columns import Column
from app.usage.models import UsageDay, UsageReservation

_SUMS = ("requests", "unpriced", "input_tokens", "output_tokens", "cost")
_TODAY: ColumnElement[Any] = literal_column("(clock_timestamp() AT TIME ZONE 'UTC')::date")
_LIFETIME = timedelta(hours=1)
_LOCK = 726_183_043
"""Of the advisory locks."""


async def reserve(
    account: Account, cost: Decimal, budgets: Sequence[DailyBudget]
) -> tuple[UsageReservation | None, list[Used]]:
    """Reserve the most that a request may cost, if every budget has room for it.

    Returns the reservation, None if one has no room, and how far the budgets were used before. Who reserves
    of the same budget waits: two never take the same rest.
    """
    async with transaction() as session:
        for budget in budgets:
            await session.execute(select(func.pg_advisory_xact_lock(_LOCK, func.hashtext(str(budget)))))
        today = await _today(session)
        used = [await _used(session, budget, today) for budget in budgets]
        if not all(each.has_room_for(cost) for each in used):
            return None, used
        reservation = UsageReservation(
            id=new_id(),
            day=today,
            caller=account.caller,
            workflow=account.workflow,
            cost=cost,
            expires_at=func.clock_timestamp() + _LIFETIME,
        )
        session.add(reservation)
        return reservation, used


async def settle(
    account: Account, model: str, taken: Taken | None, reservation: UsageReservation | None
) -> None:
    """Enter what a request has taken, in the place of what was reserved for it."""
    async with transaction() as session:
        if reservation:
            has_expired = UsageReservation.expires_at < func.clock_timestamp()
            await session.execute(
                delete(UsageReservation).where((UsageReservation.id == reservation.id) | has_expired)
            )
        if taken:
            await session.execute(_entry(account, model, taken, reservation.day if reservation else _TODAY))


def _entry(account: Account, model: str, taken: Taken, day: Any) -> Any:
    statement = insert(UsageDay).values(
        day=day,
        caller=account.caller,
        workflow=account.workflow,
        model=model,
        requests=1,
        unpriced=int(taken.cost is None),
        input_tokens=taken.input_tokens,
        output_tokens=taken.output_tokens,
        cost=taken.cost or 0,
    )
    sums = {name: getattr(UsageDay, name) + getattr(statement.excluded, name) for name in _SUMS}
    return statement.on_conflict_do_update(index_elements=list(Column), set_=sums)


async def used_today(budgets: Sequence[DailyBudget]) -> list[Used]:
    """Return how far budgets are used."""
    async with autocommit() as session:
        today = await _today(session)
        return [await _used(session, budget, today) for budget in budgets]


async def _today(session: AsyncSession) -> date:
    today: date = (await session.execute(select(_TODAY))).scalar_one()
    return today


async def _used(session: AsyncSession, budget: DailyBudget, today: date) -> Used:
    """Add up in one statement: what is settled between two would be in both, or in neither."""
    spent = select(func.coalesce(func.sum(UsageDay.cost), 0)).where(*_of(UsageDay, budget, today))
    reserved = select(func.coalesce(func.sum(UsageReservation.cost), 0)).where(
        *_of(UsageReservation, budget, today), UsageReservation.expires_at > func.clock_timestamp()
    )
    row = (await session.execute(select(spent.scalar_subquery(), reserved.scalar_subquery()))).one()
    return Used(budget, *row)


def _of(
    table: type[UsageDay] | type[UsageReservation], budget: DailyBudget, today: date
) -> list[ColumnElement[bool]]:
    columns = {"key": table.caller, "workflow": table.workflow}
    column = columns.get(budget.kind)
    return [table.day == today] if column is None else [table.day == today, column == budget.name]


async def add_up(
    since: date, until: date, by: Collection[Column], caller: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return what was taken from one day to another, both included, for each value of some columns.

    The newest day and the dearest come first. `caller`: only theirs.
    """
    columns = [getattr(UsageDay, name) for name in Column if name in by]
    cost = func.sum(UsageDay.cost)
    order = [UsageDay.day.desc()] if Column.day in by else []
    statement = (
        select(*columns, *(func.sum(getattr(UsageDay, name)).label(name) for name in _SUMS))
        .where(UsageDay.day.between(since, until))
        .group_by(*columns)
        .having(func.count() > 0)
        .order_by(*order, cost.desc(), *columns)
        .limit(limit)
    )
    if caller is not None:
        statement = statement.where(UsageDay.caller == caller)
    async with autocommit() as session:
        return [dict(row) for row in (await session.execute(statement)).mappings()]
