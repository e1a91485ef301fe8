"""Who writes: from a file, or from a feature that offers customers, such as one with a database."""

import re
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from app.core.errors import ConfigurationError
from app.core.settings import AppSettings
from app.systems.automation.extensions import CUSTOMERS
from app.systems.automation.schemas import Customer, Email, Found, Order
from app.systems.automation.settings import AutomationSettings

EXAMPLES = Path(__file__).with_name("customers.json")

_CUSTOMERS = TypeAdapter(list[Customer])


async def find(email: Email) -> Found:
    """Return what is known of the sender, and the order that is meant."""
    customer = await find_customer(email.sender)
    return Found(customer=customer, order=order_meant(customer, f"{email.subject}\n{email.text}"))


async def find_customer(email: str) -> Customer | None:
    """Return the customer with an address."""
    known = next((customer for customer in _from_file() if customer.email.lower() == email), None)
    if known or AutomationSettings.load().customers_file:
        return known
    lookup = CUSTOMERS.first()
    found = await lookup(email) if lookup else None
    return Customer.model_validate(found) if found is not None else None


def _from_file() -> list[Customer]:
    """Return the customers of the file in the settings; if there is none, the examples, but in production."""
    path = AutomationSettings.load().customers_file
    if path is None:
        return [] if AppSettings.load().environment == "production" else _load(EXAMPLES)
    return _load(path)


@cache
def _load(path: Path) -> list[Customer]:
    try:
        return _CUSTOMERS.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigurationError(f"AUTOMATION_CUSTOMERS_FILE: {path} cannot be read: {error}") from None


def order_meant(customer: Customer | None, text: str) -> Order | None:
    """Return the order whose number stands in the text; or the customer's only one. Never somebody else's."""
    if customer is None:
        return None
    named = [order for order in customer.orders if _stands_in(text, re.escape(order.number))]
    if named:
        return named[0] if len(named) == 1 else None
    is_another_named = _stands_in(text, r"[A-Z]-\d{4,}")
    return customer.orders[0] if len(customer.orders) == 1 and not is_another_named else None


def _stands_in(text: str, number: str) -> bool:
    return re.search(rf"\b{number}\b", text, re.IGNORECASE) is not None
