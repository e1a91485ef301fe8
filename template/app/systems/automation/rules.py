"""What needs no model to be decided. Each rule is a question to which a node's router listens."""

import re

from app.core.workflow import Decision
from app.systems.automation.schemas import Classification, Email, Found
from app.systems.automation.settings import AutomationSettings

_GRAVE = re.compile(
    r"\b(lawyer|attorney|lawsuit|sue you|court|gdpr|data protection|data breach|hacked|vulnerability"
    r"|journalist|newspaper)\b",
    re.IGNORECASE,
)
_SURE = 0.7


def is_automatic(read: Email) -> bool:
    """Whether a machine has written."""
    return read.is_automatic


def is_grave(read: Email) -> bool:
    """Whether law, security or the press are concerned."""
    return bool(_GRAVE.search(f"{read.subject}\n{read.text}"))


def has_no_text(read: Email) -> bool:
    """Whether nothing was written."""
    return not read.text and not read.subject.strip()


def is_unsure(classify: Classification) -> bool:
    """Whether the model does not know."""
    return classify.confidence < _SURE


def asks_for_known_order(classify: Classification, customer: Found) -> bool:
    """Whether the database has the answer."""
    return classify.intent == "order_status" and customer.order is not None


def is_small_refund(classify: Classification, customer: Found) -> bool:
    """Whether a refund may be given without asking."""
    return _is_refundable(classify, customer) and not _is_large(customer)


def is_large_refund(classify: Classification, customer: Found) -> bool:
    """Whether a person has to decide about a refund."""
    return _is_refundable(classify, customer) and _is_large(customer)


def _is_refundable(classify: Classification, customer: Found) -> bool:
    order = customer.order
    return classify.intent == "refund" and order is not None and order.status == "delivered"


def _is_large(customer: Found) -> bool:
    return customer.order is not None and customer.order.amount > AutomationSettings.load().refund_limit


def is_approved(approve: Decision) -> bool:
    """Whether a person has agreed."""
    return approve.approved
