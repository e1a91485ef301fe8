"""What the offline model reads out of documents: patterns, where a real model understands."""

import re
from decimal import Decimal

from app.llm import Answer, Question
from app.systems.document_processing.schemas import Contract, Invoice, KindAnswer, LineItem

_LINE = re.compile(
    r"^(?P<quantity>[\d.]+) x (?P<what>.+?) @ (?P<price>[\d.]+) = (?P<amount>[\d.]+)$", re.MULTILINE
)


def answer(question: Question) -> Answer:
    """Read with patterns. Whatever they do not find makes it unsure."""
    text = question.prompt
    match (question.prompt_name or "").rpartition(".")[2]:
        case "kind":
            return KindAnswer(to="invoice" if "Total" in text and "no:" in text else "check")
        case "invoice":
            return _invoice(text)
        case "contract":
            return _contract(text)
    return None


def _field(name: str, text: str) -> str | None:
    found = re.search(rf"^{name}:\s*(.+?)\s*$", text, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else None


def _amount(name: str, text: str) -> Decimal | None:
    found = _field(name, text)
    return Decimal(found) if found and re.fullmatch(r"\d+(\.\d+)?", found) else None


def _date(name: str, text: str) -> str | None:
    found = _field(name, text)
    return found if found and re.fullmatch(r"\d{4}-\d\d-\d\d", found) else None


def _invoice(text: str) -> Invoice:
    rate = re.search(r"^Tax ([\d.]+)\s*%", text, re.MULTILINE)
    total = _amount("Total", text)
    return Invoice.model_validate(
        {
            "supplier": _field("Supplier", text),
            "number": _field("Invoice no", text),
            "issued": _date("Date", text),
            "due": _date("Due", text),
            "currency": _field("Currency", text),
            "lines": [
                LineItem(
                    description=line["what"],
                    quantity=Decimal(line["quantity"]),
                    unit_price=Decimal(line["price"]),
                    amount=Decimal(line["amount"]),
                )
                for line in _LINE.finditer(text)
            ],
            "net": _amount("Net", text),
            "tax_rate": Decimal(rate[1]) if rate else None,
            "tax": _amount(r"Tax [\d.]+\s*%", text),
            "total": total,
            "confidence": 0.3 if total is None else 0.6 if "illegible" in text else 0.95,
        }
    )


def _contract(text: str) -> Contract:
    parties = re.findall(r"^Party \w+:\s*(.+?)\s*$", text, re.MULTILINE)
    notice = re.search(r"(\d+) days' notice", text)
    return Contract.model_validate(
        {
            "title": next((line for line in text.splitlines()[1:] if line.strip()), "Contract"),
            "parties": parties,
            "starts": _date("Starts", text),
            "ends": _date("Ends", text),
            "notice_days": int(notice[1]) if notice else None,
            "governing_law": _field("Governing law", text),
            "confidence": 0.95 if parties else 0.3,
        }
    )
