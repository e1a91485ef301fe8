"""What code can know better than a model: sums, dates, and whether what was read stands in the text."""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from app.systems.document_processing.schemas import Contract, Invoice

_CENT = Decimal("0.01")
_WITHOUT_CENTS = {"CLP", "HUF", "ISK", "JPY", "KRW", "VND"}
_SURE = 0.8
_NUMBER = re.compile(r"\d{1,3}(?:['\u2019 ]\d{3})+(?:[.,]\d+)?(?!\d)|\d[\d.,]*\d|\d")
_PER_CENT = re.compile(r"\d[\d.,]*\s*%")


def problems_of_invoice(invoice: Invoice, text: str) -> list[str]:
    """Return everything that contradicts itself, the text, or arithmetic."""
    return [*_sums(invoice), *_invoice_dates(invoice), *_missing(invoice, text), *_unsure(invoice.confidence)]


def _sums(invoice: Invoice) -> Iterator[str]:
    cent = Decimal(1) if invoice.currency in _WITHOUT_CENTS else _CENT
    for number, line in enumerate(invoice.lines, 1):
        if abs(line.quantity * line.unit_price - line.amount) > cent:
            right = line.quantity * line.unit_price
            yield f"line {number}: {line.quantity} x {line.unit_price} is {_show(right)}, not {line.amount}"
    yield from _totals(invoice, cent * max(1, len(invoice.lines)))  # each line may be rounded


def _totals(invoice: Invoice, rounding: Decimal) -> Iterator[str]:
    lines = sum((line.amount for line in invoice.lines), -(invoice.discount or Decimal(0)))
    net = invoice.net if invoice.net is not None else (lines if invoice.lines else None)
    if invoice.lines and invoice.net is not None and abs(lines - invoice.net) > rounding:
        yield f"the lines add up to {_show(lines)}, but the net amount is {invoice.net}"
    if net is None:
        return
    tax = invoice.tax
    if invoice.tax_rate is not None:
        due = net * invoice.tax_rate / 100
        if tax is not None and abs(due - tax) > rounding:
            yield f"{invoice.tax_rate} % of {_show(net)} is {_show(due)}, but the tax is {tax}"
        tax = due if tax is None else tax
    total = net + (tax or 0) + (invoice.shipping or 0) - (invoice.paid or 0)
    if abs(total - invoice.total) > rounding:
        yield f"net and tax add up to {_show(total)}, but the total is {invoice.total}"


def _show(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _invoice_dates(invoice: Invoice) -> Iterator[str]:
    if invoice.issued and invoice.due and invoice.due < invoice.issued:
        yield f"it is due on {invoice.due}, before it was issued on {invoice.issued}"


def _missing(invoice: Invoice, text: str) -> Iterator[str]:
    for name, value in (("supplier", invoice.supplier), ("number", invoice.number)):
        if not stands_in(value, text):
            yield f"the {name} {value!r} does not stand in the document"
    if abs(invoice.total) not in numbers_in(text):
        yield f"the total {invoice.total} does not stand in the document"


def stands_in(value: str, text: str) -> bool:
    """Whether a value stands in a text as whole words, whatever its case, spacing and form of characters."""
    wanted = _plain(value).strip()
    return bool(wanted) and bool(re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", _plain(text)))


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\s+", " ", re.sub(r"[\u2010-\u2015]", "-", folded))


def numbers_in(text: str) -> set[Decimal]:
    """Return the numbers in a text, as written in any country: 1,234.50 and 1.234,50 are the same.

    Without their signs, and without percentages.
    """
    found: set[Decimal] = set()
    for token in _NUMBER.findall(_PER_CENT.sub(" ", unicodedata.normalize("NFKC", text))):
        whole = re.sub(r"['\u2019 ]", "", token)
        for point, thousands in ((".", ","), (",", ".")):
            plain = whole.replace(thousands, "").replace(point, ".")
            if plain.count(".") <= 1:
                found.add(Decimal(plain))
    return found


def _unsure(confidence: float) -> Iterator[str]:
    if confidence < _SURE:
        yield f"the model is not sure of what it read ({confidence:.2f})"


def problems_of_contract(contract: Contract, text: str) -> list[str]:
    """Return everything that contradicts itself or the text."""
    problems = list(_unsure(contract.confidence))
    if len({party.casefold().strip() for party in contract.parties}) < 2:
        problems.append("a contract has at least two parties")
    problems += [
        f"the party {party!r} does not stand in the document"
        for party in contract.parties
        if not stands_in(party, text)
    ]
    if contract.starts and contract.ends and contract.ends < contract.starts:
        problems.append(f"it ends on {contract.ends}, before it starts on {contract.starts}")
    return problems
