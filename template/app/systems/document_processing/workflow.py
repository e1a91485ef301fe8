"""Read, recognise, extract, check; what is doubtful goes to a person."""

import re
from decimal import Decimal
from uuid import uuid4

from app.graphs import Approval, Function, Graph, Model, Router, Rule
from app.llm import InvalidOutput, as_data
from app.systems.document_processing.checking import problems_of_contract, problems_of_invoice
from app.systems.document_processing.reading import read
from app.systems.document_processing.schemas import (
    Checked,
    Contract,
    Document,
    Invoice,
    Kind,
    KindAnswer,
    Question,
    ReadText,
    Result,
    Review,
)
from app.systems.document_processing.seen import remember_accepted, was_accepted

_INVOICE = re.compile(r"\b\w*(invoice|rechnung|facture|factura|fattura)\b", re.IGNORECASE)
_CONTRACT = re.compile(r"\b\w*(contract|agreement|vertrag|contrat|contrato)\b", re.IGNORECASE)
"""Also as the end of a word, such as Mietvertrag or Schlussrechnung."""
_HEADING = 400
_SHOWN_CHARACTERS = 4000


def is_invoice(text: ReadText) -> bool:
    """Whether the beginning says that it is an invoice, and does not speak of a contract."""
    beginning = text.text[:_HEADING]
    return bool(_INVOICE.search(beginning)) and not _CONTRACT.search(beginning)


def is_contract(text: ReadText) -> bool:
    """Whether the beginning says that it is a contract, and does not speak of an invoice."""
    beginning = text.text[:_HEADING]
    return bool(_CONTRACT.search(beginning)) and not _INVOICE.search(beginning)


def document(text: ReadText) -> str:
    """Return the text as data."""
    return as_data("document", text.text)


def beginning(text: ReadText) -> str:
    """Return the beginning as data: it tells what kind of document it is."""
    return as_data("document", text.text[:_SHOWN_CHARACTERS])


async def check(text: ReadText, invoice: Invoice | None, contract: Contract | None) -> Checked:
    """Hold what the model has read against arithmetic, the text, and what was accepted before."""
    kind, problems = problems_of(text, invoice, contract)
    if invoice and await was_accepted(invoice):
        problems.append(f"invoice {invoice.number!r} of {invoice.supplier!r} was accepted before")
    return Checked(kind=kind, problems=problems, token=uuid4().hex)


def problems_of(
    text: ReadText, invoice: Invoice | None, contract: Contract | None
) -> tuple[Kind | None, list[str]]:
    """Return the kind of the document, and what code finds wrong with what was read."""
    if invoice:
        return "invoice", problems_of_invoice(invoice, text.text)
    if contract:
        return "contract", problems_of_contract(contract, text.text)
    return None, ["no invoice and no contract could be read from it"]


def is_sound(checked: Checked) -> bool:
    """Whether code has found nothing."""
    return not checked.problems


def question(
    input: Document, text: ReadText, checked: Checked, invoice: Invoice | None, contract: Contract | None
) -> Question:
    """Return what a person needs to decide."""
    return Question(
        filename=input.filename,
        problems=checked.problems,
        invoice=invoice,
        contract=contract,
        text=text.text[:_SHOWN_CHARACTERS],
    )


async def finish(
    text: ReadText,
    checked: Checked,
    invoice: Invoice | None,
    contract: Contract | None,
    review: Review | None,
) -> Result:
    """Return the data, with a person's corrections, which are checked as well.

    What is accepted is remembered: of two of the same at the same time, one is refused.
    """
    corrected = review is not None and bool(review.invoice or review.contract)
    if review and corrected:
        invoice, contract = review.invoice, review.contract
    approved = review is None or review.approved
    kind, problems = problems_of(text, invoice, contract)
    if approved and invoice and not await remember_accepted(invoice, checked.token):
        problems.append(f"invoice {invoice.number!r} of {invoice.supplier!r} was accepted before")
        approved = review is not None
    return Result(
        status="rejected" if not approved else "corrected" if corrected else "accepted",
        kind=kind,
        invoice=invoice,
        contract=contract,
        problems=problems,
        reviewed=review is not None,
        comment=review.comment if review else "",
        pages=text.pages,
    )


document_processing = Graph(
    name="document_processing",
    summary="Read an invoice or a contract, and check what was read.",
    input=Document,
    output=Result,
    nodes=[
        Function(name="read", call=read, output="text"),
        Router(
            name="kind",
            rules=[Rule("invoice", is_invoice), Rule("contract", is_contract)],
            otherwise=Model(
                name="recognise",
                prompt="systems.document_processing.kind",
                message=beginning,
                output_type=KindAnswer,
            ),
            choices=["invoice", "contract", "check"],
        ),
        Model(
            name="invoice",
            prompt="systems.document_processing.invoice",
            message=document,
            output_type=Invoice,
            none_on=(InvalidOutput,),
            next="check",
        ),
        Model(
            name="contract",
            prompt="systems.document_processing.contract",
            message=document,
            output_type=Contract,
            none_on=(InvalidOutput,),
        ),
        Function(name="check", call=check, output="checked"),
        Router(name="doubts", rules=[Rule("finish", is_sound)], otherwise="review"),
        Approval(name="review", question=question, decision=Review),
        Function(name="finish", call=finish),
    ],
    example={
        "text": "INVOICE\nSupplier: Lamp Works Ltd\nInvoice no: 2026-117\nDate: 2026-11-02\nCurrency: EUR\n"
        "2 x Desk lamp @ 40.00 = 80.00\nNet: 80.00\nTax 19%: 15.20\nTotal: 95.20\n"
    },
    max_cost=Decimal("0.50"),
    max_requests=12,
)
