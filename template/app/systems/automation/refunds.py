"""Which refunds were given: in a database, where a feature offers one; else in memory."""

from datetime import date
from decimal import Decimal

from app.graphs import is_dry_run
from app.systems.automation.extensions import REFUNDS, NoteRefund

_in_memory: dict[str, tuple[str, date, Decimal]] = {}


async def _note(email: str, day: date, order: str | None, amount: Decimal) -> Decimal:
    if order:
        _in_memory.setdefault(order, (email, day, amount))
    return sum((given for to, on, given in _in_memory.values() if (to, on) == (email, day)), Decimal(0))


def _store() -> NoteRefund:
    return REFUNDS.first() or _note


async def given_on(email: str, day: date) -> Decimal:
    """Return what a customer has got back on a day."""
    return Decimal(0) if is_dry_run() else await _store()(email, day, None, Decimal(0))


async def note(email: str, day: date, order: str, amount: Decimal) -> None:
    """Keep that a refund was given."""
    if not is_dry_run():
        await _store()(email, day, order, amount)
