"""The policy for refunds, and what of an e-mail it needs to know."""

import re
import tomllib
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.errors import ConfigurationError
from app.systems.automation import refunds
from app.systems.automation.schemas import Classification, Email, Found, Order, Terms
from app.systems.automation.settings import AutomationSettings

_FILE = Path(__file__).with_name("policy.toml")

_REFUND = (
    r"refund\w*|money back|reimburs\w*|pay (?:me )?back"
    r"|geld zur\w+ck|r\w{1,2}ckerstatt\w*|zur\w{1,2}ckerstatt\w*|erstatt\w*|zur\w{1,2}ckzahl\w*"
    r"|rembours\w*|reembols\w*|devol\w+ (?:el|mi|del) dinero|devoluci\w+n"
)
_NOT = r"not|n't|never|no|without|kein\w*|nicht|ohne|ne|pas|sans|sin"
_ASKS = re.compile(rf"\b(?:{_REFUND})", re.IGNORECASE)
_DOES_NOT_ASK = re.compile(
    rf"(?:\b(?:{_NOT})\b|n't\b)[^.!?\n]{{0,40}}\b(?:{_REFUND})|\b(?:{_REFUND})\b[^.!?\n]{{0,20}}\b(?:nicht|not)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"(?:(?:EUR|USD|GBP|CHF|[\u20ac$\u00a3])\s?(?P<after>\d+(?:[.,]\d{1,2})?))"
    r"|(?:(?P<before>\d+(?:[.,]\d{1,2})?)\s?(?:EUR|USD|GBP|CHF|euros?|dollars?|pounds?|[\u20ac$\u00a3]))",
    re.IGNORECASE,
)


class Policy(BaseModel):
    """What may be refunded without asking."""

    model_config = ConfigDict(extra="forbid")

    days_after_delivery: int = Field(ge=0)
    without_asking: Decimal = Field(ge=0)
    without_asking_a_day: Decimal = Field(ge=0)


@cache
def _load(path: Path) -> Policy:
    try:
        return Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))["refunds"])
    except (OSError, ValueError, KeyError, ValidationError) as error:
        raise ConfigurationError(f"The policy for refunds, {path}, cannot be used: {error}") from None


def load_policy() -> Policy:
    """Return the policy. Raises `ConfigurationError`."""
    return _load(AutomationSettings.load().policy_file or _FILE)


def asks_for_refund(text: str) -> bool:
    """Whether the writer asks for money back, in English, German, French or Spanish."""
    return bool(_ASKS.search(text)) and not _DOES_NOT_ASK.search(text)


def amounts_asked(text: str) -> set[Decimal]:
    """Return the amounts of money in the sentences that speak of a refund."""
    sentences = (sentence for sentence in re.split(r"(?<=[.!?])\s|\n", text) if _ASKS.search(sentence))
    found = (match["after"] or match["before"] for s in sentences for match in _MONEY.finditer(s))
    return {Decimal(amount.replace(",", ".")) for amount in found}


async def settle(email: Email, found: Found, classification: Classification | None) -> Terms:
    """Return what may be refunded, and what a person should know before it is."""
    words = f"{email.subject}\n{email.text}"
    order = found.order
    if (
        classification is None
        or classification.intent != "refund"
        or order is None
        or order.status != "delivered"
    ):
        return Terms()
    if not asks_for_refund(words):
        return Terms()
    asked = amounts_asked(words)
    amount = asked.pop() if len(asked) == 1 else order.amount
    doubts = [*_doubts(email, order, amount, asked), *await _over_the_day(email, amount)]
    return Terms(amount=min(amount, order.amount), doubts=doubts)


def _doubts(email: Email, order: Order, amount: Decimal, others: set[Decimal]) -> list[str]:
    policy = load_policy()
    doubts = []
    if not email.is_verified:
        doubts.append("the mail server has not verified the sender")
    if amount > order.amount or amount <= 0 or others:
        doubts.append(f"the amount that is asked for is not clear: the order was {order.amount}")
    if amount > policy.without_asking:
        doubts.append(f"{amount} is more than {policy.without_asking}")
    last_day = order.delivered_on and order.delivered_on + timedelta(days=policy.days_after_delivery)
    if last_day is None:
        doubts.append("the day of delivery is not known")
    elif email.received > last_day:
        doubts.append(f"it was delivered more than {policy.days_after_delivery} days ago")
    return doubts


async def _over_the_day(email: Email, amount: Decimal) -> list[str]:
    most = load_policy().without_asking_a_day
    given = await refunds.given_on(email.sender, email.received)
    return [f"the customer has got {given} on that day: {most} is the most"] if given + amount > most else []
