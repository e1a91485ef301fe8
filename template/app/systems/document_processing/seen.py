"""Which invoices were accepted before: in a database, where a feature offers one; else in memory."""

from app.graphs import is_dry_run
from app.systems.document_processing.extensions import ACCEPTED, Remember
from app.systems.document_processing.schemas import Invoice

_in_memory: dict[str, str] = {}


async def _remember(key: str, token: str | None) -> str | None:
    return _in_memory.setdefault(key, token) if token else _in_memory.get(key)


def _store() -> Remember:
    return ACCEPTED.first() or _remember


def _key(invoice: Invoice) -> str | None:
    """Return what makes two invoices the same: the supplier and its number. None if one was not read."""
    if invoice.supplier is None or invoice.number is None:
        return None
    return " ".join(f"{invoice.supplier} | {invoice.number}".casefold().split())


async def was_accepted(invoice: Invoice) -> bool:
    """Whether this invoice has been accepted before."""
    key = _key(invoice)
    if key is None or is_dry_run():
        return False
    return await _store()(key, None) is not None


async def remember_accepted(invoice: Invoice, token: str) -> bool:
    """Keep that an invoice is accepted. False if it was, by another run."""
    key = _key(invoice)
    if key is None or is_dry_run():
        return True
    return await _store()(key, token) == token
