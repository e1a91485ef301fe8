"""Read, rule out, look up, classify; then answer, refund, draft or escalate; then notify the webhook."""

from decimal import Decimal

from app.graphs import Approval, Function, Graph, Model, Router, Rule
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


def the_email(email: Email) -> str:
    """Return the e-mail as data."""
    return as_data("email", f"Subject: {email.subject}\n\n{email.text}")


def email_and_facts(email: Email, found: Found) -> str:
    """Return the e-mail and what the database knows, both as data."""
    return f"{the_email(email)}\n{as_data('facts', found.model_dump_json(indent=2))}"


automation = Graph(
    name="automation",
    summary="Deal with a support e-mail.",
    input=SupportEvent,
    output=Outcome,
    nodes=[
        Function(name="read", call=mail.read, output="email"),
        Router(
            name="first_look",
            rules=[
                Rule("ignore", rules.is_automatic),
                Rule("ignore", rules.has_no_text),
            ],
            otherwise="look_up",
        ),
        Function(name="look_up", call=customers.find, attempts=3, output="found"),
        Router(name="second_look", rules=[Rule("escalate", rules.is_grave)], otherwise="classify"),
        Model(
            name="classify",
            prompt="systems.automation.classify",
            message=the_email,
            output_type=Classification,
            output="classification",
            none_on=(LLMError,),
        ),
        Function(name="settle", call=policy.settle, attempts=3, output="terms"),
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
        Function(name="ignore", call=actions.ignore, output="handled", next="deliver"),
        Function(name="escalate", call=actions.escalate, output="handled", next="deliver"),
        Function(name="answer_status", call=actions.answer_status, output="handled", next="deliver"),
        Approval(
            name="approve", question=actions.refund_question, decision=RefundDecision, output="decision"
        ),
        Router(name="decided", rules=[Rule("refund", rules.is_approved)], otherwise="refuse"),
        Function(name="refund", call=actions.refund, attempts=3, output="handled", next="deliver"),
        Function(name="refuse", call=actions.refuse, output="handled", next="deliver"),
        Model(
            name="draft",
            prompt="systems.automation.reply",
            message=email_and_facts,
            output_type=Reply,
            output="reply",
            none_on=(LLMError,),
        ),
        Router(name="drafted", rules=[Rule("keep_draft", rules.is_drafted)], otherwise="escalate"),
        Function(name="keep_draft", call=actions.keep_draft, output="handled"),
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
