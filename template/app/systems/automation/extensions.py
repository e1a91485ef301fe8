"""What features plug into the support automation."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from app.core.registry import FUNCTION, ExtensionPoint


class NoteRefund(Protocol):
    """Notes a refund, if an order is named: one an order. Returns what the customer has got on that day."""

    async def __call__(self, email: str, day: date, order: str | None, amount: Decimal) -> Decimal: ...


CUSTOMERS: ExtensionPoint[Callable[[str], Awaitable[Mapping[str, Any] | None]]] = ExtensionPoint(
    "systems.automation.customers",
    FUNCTION,
    "Where customers are looked up by e-mail address: JSON of a `Customer`, or None. The first one counts.",
)

REFUNDS: ExtensionPoint[NoteRefund] = ExtensionPoint(
    "systems.automation.refunds", FUNCTION, "Where refunds are noted. The first one counts."
)
