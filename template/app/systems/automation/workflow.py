"""Read, rule out, look up, classify; then answer, refund, draft or escalate; then tell the webhook."""

from decimal import Decimal

from app.llm import LLMError, as_data
from app.systems.automation import actions, customers, mail, policy, rules
from app.systems.automation.schemas import (
    Classification,
    Email,
    Found,
    Outcome,
    RefundDecision,
    Reply,
    SupportEvent,
)
from app.workflows import Approval, Flow, Function, Model, Router, Rule


def the_email(read: Email) -> str:
    """Return the e-mail as data."""
    return as_data("email", f"Subject: {read.subject}\n\n{read.text}")


def email_and_facts(read: Email, customer: Found) -> str:
    """Return the e-mail and what the database knows, both as data."""
    return f"{the_email(read)}\n{as_data('facts', customer.model_dump_json(indent=2))}"


flow = Flow(
    name="automation",
    summary="Deal with a support e-mail.",
    input=SupportEvent,
    output=Outcome,
    nodes=[
        Function(name="read", call=mail.read),
        Router(
            name="first_look",
            rules=[
                Rule("ignore", rules.is_automatic),
                Rule("ignore", rules.has_no_text),
            ],
            otherwise="customer",
        ),
        Function(name="customer", call=customers.find, attempts=3),
        Router(name="second_look", rules=[Rule("escalate", rules.is_grave)], otherwise="classify"),
        Model(
            name="classify",
            prompt="systems.automation.classify",
            say=the_email,
            answer=Classification,
            unless=(LLMError,),
        ),
        Function(name="terms", call=policy.settle, attempts=3),
        Router(
            name="route",
            rules=[
                Rule("escalate", rules.is_unsure),
                Rule("answer_status", rules.asks_for_known_order),
                Rule("refund", rules.is_clear_refund),
                Rule("approve", rules.is_doubtful_refund),
            ],
            otherwise="draft",
        ),
        Function(name="ignore", call=actions.ignore, then="handled"),
        Function(name="escalate", call=actions.escalate, then="handled"),
        Function(name="answer_status", call=actions.answer_status, then="handled"),
        Approval(name="approve", ask=actions.refund_question, decision=RefundDecision),
        Router(name="decided", rules=[Rule("refund", rules.is_approved)], otherwise="refuse"),
        Function(name="refund", call=actions.refund, attempts=3, then="handled"),
        Function(name="refuse", call=actions.refuse, then="handled"),
        Model(
            name="draft",
            prompt="systems.automation.reply",
            say=email_and_facts,
            answer=Reply,
            unless=(LLMError,),
        ),
        Router(name="drafted", rules=[Rule("keep_draft", rules.is_drafted)], otherwise="escalate"),
        Function(name="keep_draft", call=actions.keep_draft),
        Function(name="handled", call=actions.handled),
        Function(name="deliver", call=actions.deliver, attempts=2),
    ],
    example={
        "id": "example-1",
        "sender": "robin@example.com",
        "subject": "Where is my order?",
        "text": "Hello, where is my order A-1001? It should be here by now. Robin",
    },
    max_cost=Decimal("0.10"),
    max_requests=8,
)

automation = flow.as_workflow()
