"""What code can know better than a model: sums, and whether what was read stands in the text.

Whatever the model read is accepted only if code has confirmed it. What it left out is not confirmed either.
"""

from collections.abc import Iterator
from decimal import Decimal

from app.systems.document_processing.evidence import (
    amounts_in,
    dates_in,
    has_currency,
    has_duration,
    is_credit_note,
    numbers_in,
    other_kind,
    rates_in,
    signed_numbers_in,
    stands_in,
)
from app.systems.document_processing.schemas import Contract, Invoice

_CENT = Decimal("0.01")
_SMALLEST = {"CHF": Decimal("0.05")} | dict.fromkeys(("CLP", "HUF", "ISK", "JPY", "KRW", "VND"), Decimal(1))
"""What totals are rounded to, where that is not a cent."""
_SURE = 0.8


def problems_of_invoice(invoice: Invoice, text: str) -> list[str]:
    """Return everything that is not confirmed, or contradicts itself, the text, or arithmetic."""
    return [
        *_kind(invoice, text),
        *_missing(invoice, text),
        *_sums(invoice),
        *_amounts(invoice, text),
        *_total(invoice, text),
        *_invoice_dates(invoice, text),
        *_names(invoice, text),
        *_unsure(invoice.confidence),
    ]


def _kind(invoice: Invoice, text: str) -> Iterator[str]:
    if kind := other_kind(text):
        yield f"the document says that it is {kind}, not an invoice"
    if is_credit_note(text) and invoice.total is not None and invoice.total > 0:
        yield f"the document is a credit note, but the total {invoice.total} is not negative"


def _missing(invoice: Invoice, text: str) -> Iterator[str]:
    for name in ("supplier", "number", "currency", "total"):
        if getattr(invoice, name) is None:
            yield f"the {name} was not read"
    if invoice.issued is None and dates_in(text):
        yield "there is a date in the document, but the date of issue was not read"


def _sums(invoice: Invoice) -> Iterator[str]:
    smallest = _SMALLEST.get(invoice.currency or "", _CENT)
    for number, line in enumerate(invoice.lines, 1):
        right = line.quantity * line.unit_price - (line.discount or 0)
        if abs(right - line.amount) > smallest:
            yield f"line {number}: {line.quantity} x {line.unit_price} is {_show(right)}, not {line.amount}"
    yield from _totals(invoice, smallest * max(1, len(invoice.lines)))  # each line may be rounded


def _totals(invoice: Invoice, rounding: Decimal) -> Iterator[str]:
    lines = sum((line.amount for line in invoice.lines), -(invoice.discount or Decimal(0)))
    net = invoice.net if invoice.net is not None else (lines if invoice.lines else None)
    if net is None:
        return
    tax = invoice.tax
    if invoice.tax_rate is not None:
        due = net * invoice.tax_rate / 100
        if tax is not None and abs(due - tax) > rounding:
            yield f"{invoice.tax_rate} % of {_show(net)} is {_show(due)}, but the tax is {tax}"
        tax = due if tax is None else tax
    gross = net + (tax or 0)
    if invoice.lines and all(abs(lines - sum_) > rounding for sum_ in (net, gross)):  # prices with tax, too
        yield f"the lines add up to {_show(lines)}, but the net amount is {_show(net)}"
    total = gross + (invoice.shipping or 0) - (invoice.paid or 0)
    if invoice.total is not None and abs(total - invoice.total) > rounding:
        yield f"net and tax add up to {_show(total)}, but the total is {invoice.total}"


def _show(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _amounts(invoice: Invoice, text: str) -> Iterator[str]:
    known = numbers_in(text)
    for name in ("net", "tax", "discount", "shipping", "paid"):
        value = getattr(invoice, name)
        if value is not None and value and abs(value) not in known:
            yield f"the {name} {value} does not stand in the document"
    for number, line in enumerate(invoice.lines, 1):
        if abs(line.amount) not in known:
            yield f"line {number}: the amount {line.amount} does not stand in the document"
    if invoice.tax_rate and invoice.tax_rate not in rates_in(text):
        yield f"the tax rate {invoice.tax_rate} % does not stand in the document"
    if invoice.currency and not has_currency(invoice.currency, text):
        yield f"the currency {invoice.currency} does not stand in the document"


def _total(invoice: Invoice, text: str) -> Iterator[str]:
    total = invoice.total
    if total is None:
        return
    signed = signed_numbers_in(text)
    if abs(total) not in {abs(number) for number in signed}:
        yield f"the total {total} does not stand in the document"
    elif total not in signed and not (total < 0 and is_credit_note(text)):
        yield f"the total {total} stands in the document with the other sign"
    if not invoice.lines and (invoice.net is None or not invoice.tax):
        yield f"nothing confirms the total {total}: no lines were read, and no net amount with its tax"
        read = {abs(value) for value in (total, invoice.net, invoice.tax) if value is not None}
        if others := sorted(amounts_in(text) - read):
            yield f"amounts in the document were not read: {', '.join(map(str, others[:5]))}"


def _invoice_dates(invoice: Invoice, text: str) -> Iterator[str]:
    known = dates_in(text)
    for name in ("issued", "due"):
        value = getattr(invoice, name)
        if value and value not in known:
            yield f"the date {value} ({name}) does not stand in the document"
    if invoice.issued and invoice.due and invoice.due < invoice.issued:
        yield f"it is due on {invoice.due}, before it was issued on {invoice.issued}"


def _names(invoice: Invoice, text: str) -> Iterator[str]:
    for name, value in (("supplier", invoice.supplier), ("number", invoice.number)):
        if value is not None and not stands_in(value, text):
            yield f"the {name} {value!r} does not stand in the document"


def _unsure(confidence: float | None) -> Iterator[str]:
    if confidence is None:
        yield "the model does not say how sure it is"
    elif confidence < _SURE:
        yield f"the model is not sure of what it read ({confidence:.2f})"


def problems_of_contract(contract: Contract, text: str) -> list[str]:
    """Return everything that is not confirmed, or contradicts itself or the text."""
    problems = list(_unsure(contract.confidence))
    if len({party.casefold().strip() for party in contract.parties}) < 2:
        problems.append("a contract has at least two parties")
    named = [("title", contract.title), ("governing law", contract.governing_law)]
    named += [("party", party) for party in contract.parties]
    problems += [
        f"the {name} {value!r} does not stand in the document"
        for name, value in named
        if value is not None and not stands_in(value, text)
    ]
    return [*problems, *_contract_dates(contract, text)]


def _contract_dates(contract: Contract, text: str) -> Iterator[str]:
    known = dates_in(text)
    for name, value in (("starts", contract.starts), ("ends", contract.ends)):
        if value and value not in known:
            yield f"the date {value} ({name}) does not stand in the document"
    if contract.starts and contract.ends and contract.ends < contract.starts:
        yield f"it ends on {contract.ends}, before it starts on {contract.starts}"
    days = contract.notice_days
    if days is None:
        return
    if not has_duration(days, text):
        yield f"the notice of {days} days does not stand in the document"
