"""What is done about an e-mail, and how the webhook is notified, once."""

import hashlib
import json
import time
from typing import Literal

from httpx2 import AsyncClient, HTTPError

from app.core.webhooks import sign
from app.graphs import Context, is_dry_run
from app.systems.automation import refunds
from app.systems.automation.drafts import problems_of_draft
from app.systems.automation.errors import ActionFailed, ActionRefused
from app.systems.automation.schemas import (
    Action,
    Classification,
    Email,
    Found,
    Handled,
    Outcome,
    RefundDecision,
    RefundQuestion,
    Reply,
    Terms,
)
from app.systems.automation.settings import AutomationSettings

_SECONDS = 10.0
_STATUS = {
    "open": "is being packed",
    "shipped": "is on its way",
    "delivered": "was delivered",
    "cancelled": "was cancelled",
    "refunded": "was refunded",
}


def ignore() -> Handled:
    """Answer nothing."""
    return Handled(route="ignored")


def escalate(email: Email, classification: Classification | None, found: Found) -> Handled:
    """Open a ticket for a person."""
    data = {
        "from": email.sender,
        "subject": email.subject,
        "text": email.text,
        "intent": classification.intent if classification else None,
        "is_urgent": classification.is_urgent if classification else None,
        "is_customer": bool(found.customer),
    }
    return Handled(route="escalated", action=Action(type="open_ticket", data=data))


def answer_status(found: Found) -> Handled:
    """Say what the database says."""
    assert found.customer
    assert found.order
    status = _STATUS[found.order.status]
    text = f"Hello {found.customer.name},\n\nyour order {found.order.number} {status}.\n"
    return Handled(route="answered", reply=text)


def refund_question(found: Found, terms: Terms, email: Email) -> RefundQuestion:
    """Return what a person needs to decide."""
    assert found.customer
    assert found.order
    assert terms.amount is not None
    return RefundQuestion(
        customer=found.customer,
        order=found.order,
        amount=terms.amount,
        doubts=terms.doubts,
        email=email.text,
    )


async def refund(email: Email, found: Found, terms: Terms, decision: RefundDecision | None) -> Handled:
    """Give money back: what was asked for, or what a person has decided, but no more than was paid."""
    assert found.customer
    assert found.order
    assert terms.amount is not None
    order = found.order
    amount = min(decision.amount if decision and decision.amount else terms.amount, order.amount)
    await refunds.note(email.sender, email.received, order.number, amount)
    data = {"order": order.number, "amount": str(amount), "currency": order.currency}
    text = (
        f"Hello {found.customer.name},\n\n"
        f"we refund {amount} {order.currency} for your order {order.number}.\n"
    )
    # without a webhook it is not carried out: then nothing is promised
    reply = text if AutomationSettings.load().webhook_url else None
    return Handled(route="refunded", reply=reply, action=Action(type="refund", data=data))


def refuse(found: Found, decision: RefundDecision) -> Handled:
    """Say no, in the words of the person who decided."""
    assert found.customer
    assert found.order
    why = f" {decision.comment}" if decision.comment else ""
    text = f"Hello {found.customer.name},\n\nwe cannot refund your order {found.order.number}.{why}\n"
    return Handled(route="refused", reply=text)


def keep_draft(reply: Reply | None, email: Email, found: Found) -> Handled:
    """Leave the draft to a person, with what code finds in it."""
    assert reply
    facts = f"{email.subject}\n{email.text}\n{found.model_dump_json()}"
    return Handled(route="drafted", reply=reply.text, problems=problems_of_draft(reply.text, facts))


async def deliver(
    context: Context, email: Email, classification: Classification | None, handled: Handled
) -> Outcome:
    """Tell the webhook of the action, and return what was done. Raises `ActionFailed` or `ActionRefused`."""
    return Outcome(
        event_id=email.id,
        route=handled.route,
        intent=classification.intent if classification else None,
        reply=handled.reply,
        problems=handled.problems,
        action=handled.action,
        delivery="none" if handled.action is None else await send(email.id, handled.action),
        reasons=context.notes,
    )


async def send(event_id: str, action: Action) -> Literal["delivered", "not_configured"]:
    """Send an action to the webhook: `delivered`, or `not_configured` if there is none.

    The same action has the same `webhook-id` and `Idempotency-Key`, however often it is sent: a receiver that
    knows it does nothing, and may say so with 409. A refund is the same for all e-mails about its order.
    """
    settings = AutomationSettings.load()
    if settings.webhook_url is None or is_dry_run():
        return "not_configured"
    subject = action.data["order"] if action.type == "refund" else event_id
    key = hashlib.sha256(f"{action.type}\n{subject}".encode()).hexdigest()[:40]
    body = json.dumps(
        {"type": action.type, "event_id": event_id, "data": action.data}, sort_keys=True
    ).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    if settings.webhook_secret:
        headers |= sign(settings.webhook_secret.get_secret_value(), key, int(time.time()), body)
    try:
        async with AsyncClient(timeout=_SECONDS, follow_redirects=False) as client:
            answer = await client.post(settings.webhook_url, content=body, headers=headers)
    except HTTPError as error:
        raise ActionFailed(f"The webhook of actions does not answer: {type(error).__name__}.") from None
    if answer.is_success or answer.status_code == 409:
        return "delivered"
    said = f"The webhook of actions answered {answer.status_code}."
    if answer.status_code in {408, 425, 429} or answer.status_code >= 500:
        raise ActionFailed(said)
    raise ActionRefused(said, hint="Look at what it expects: AUTOMATION_WEBHOOK_URL leads there.")
