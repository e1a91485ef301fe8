"""What is done about an e-mail, and how others are told, once."""

import hashlib
import json
import time
from typing import Literal

from httpx2 import AsyncClient, HTTPError

from app.core.dry_run import is_dry_run
from app.core.webhooks import sign
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
from app.workflows import Context

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


def escalate(read: Email, classify: Classification | None, customer: Found) -> Handled:
    """Open a ticket for a person."""
    data = {
        "from": read.sender,
        "subject": read.subject,
        "text": read.text,
        "intent": classify.intent if classify else None,
        "is_urgent": classify.is_urgent if classify else None,
        "is_customer": bool(customer.customer),
    }
    return Handled(route="escalated", action=Action(type="open_ticket", data=data))


def answer_status(customer: Found) -> Handled:
    """Say what the database says."""
    assert customer.customer
    assert customer.order
    status = _STATUS[customer.order.status]
    text = f"Hello {customer.customer.name},\n\nyour order {customer.order.number} {status}.\n"
    return Handled(route="answered", reply=text)


def refund_question(customer: Found, terms: Terms, read: Email) -> RefundQuestion:
    """Return what a person needs to decide."""
    assert customer.customer
    assert customer.order
    assert terms.amount is not None
    return RefundQuestion(
        customer=customer.customer,
        order=customer.order,
        amount=terms.amount,
        doubts=terms.doubts,
        email=read.text,
    )


async def refund(read: Email, customer: Found, terms: Terms, approve: RefundDecision | None) -> Handled:
    """Give money back: what was asked for, or what a person has decided, but no more than was paid."""
    assert customer.customer
    assert customer.order
    assert terms.amount is not None
    order = customer.order
    amount = min(approve.amount if approve and approve.amount else terms.amount, order.amount)
    await refunds.note(read.sender, read.received, order.number, amount)
    data = {"order": order.number, "amount": str(amount), "currency": order.currency}
    text = (
        f"Hello {customer.customer.name},\n\n"
        f"we refund {amount} {order.currency} for your order {order.number}.\n"
    )
    # without a webhook nobody carries it out: then nothing is promised
    reply = text if AutomationSettings.load().webhook_url else None
    return Handled(route="refunded", reply=reply, action=Action(type="refund", data=data))


def refuse(customer: Found, approve: RefundDecision) -> Handled:
    """Say no, in the words of the person who decided."""
    assert customer.customer
    assert customer.order
    why = f" {approve.comment}" if approve.comment else ""
    text = f"Hello {customer.customer.name},\n\nwe cannot refund your order {customer.order.number}.{why}\n"
    return Handled(route="refused", reply=text)


def keep_draft(draft: Reply | None, read: Email, customer: Found) -> Handled:
    """Leave the draft to a person, with what code finds in it."""
    assert draft
    facts = f"{read.subject}\n{read.text}\n{customer.model_dump_json()}"
    return Handled(route="drafted", reply=draft.text, problems=problems_of_draft(draft.text, facts))


def handled(
    ignore: Handled | None,
    escalate: Handled | None,
    answer_status: Handled | None,
    refund: Handled | None,
    refuse: Handled | None,
    keep_draft: Handled | None,
) -> Handled:
    """Return what was decided, whichever way led here."""
    decided = ignore or escalate or answer_status or refund or refuse or keep_draft
    assert decided, "every way through the graph decides"
    return decided


async def deliver(
    context: Context, read: Email, classify: Classification | None, handled: Handled
) -> Outcome:
    """Tell the webhook of the action, and return what was done. Raises `ActionFailed` or `ActionRefused`."""
    return Outcome(
        event_id=read.id,
        route=handled.route,
        intent=classify.intent if classify else None,
        reply=handled.reply,
        problems=handled.problems,
        action=handled.action,
        delivery="none" if handled.action is None else await send(read.id, handled.action),
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
