"""What a person should look at in a draft: amounts, links and promises that no fact bears out."""

import re
from collections.abc import Iterator

_LINK = re.compile(r"(?:https?://|www\.)[^\s<>()\"']+", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MONEY = re.compile(
    r"(?:[\u20ac$\u00a3]|\b(?:EUR|USD|GBP|CHF)\b)\s?\d[\d.,]*"
    r"|\d[\d.,]*\s?(?:[\u20ac$\u00a3%]|(?:EUR|USD|GBP|CHF|euros?|dollars?|pounds?|percent|Prozent)\b)",
    re.IGNORECASE,
)
_PROMISE = re.compile(
    r"\b(?:(?:we|i)(?: have|'ve| will|'ll| are going to|'m going to| can)?"
    r" (?:already )?(?:refund\w*|reimburs\w*|compensat\w*|replac\w*|guarantee\w*|credit\w*|send you|waive\w*)"
    r"|free of charge|guarantee[ds]?|within \d+ (?:hours?|days?|weeks?)"
    r"|wir (?:werden|haben)[^.!?]{0,40}(?:erstatt\w*|ersetz\w*|garantier\w*|gutgeschr\w*)"
    r"|wir (?:erstatten|ersetzen|garantieren)|kostenlos|innerhalb von \d+"
    r"|nous (?:vous )?(?:avons )?(?:rembours\w*|remplac\w*|garantiss\w*)|gratuit\w*"
    r"|sous \d+ (?:heures|jours)"
    r"|(?:le|les) (?:reembols\w*|devolv\w*|garantiz\w*|hemos reembols\w*)|gratis|en \d+ (?:horas|d\w+as))\b",
    re.IGNORECASE,
)


def problems_of_draft(draft: str, facts: str) -> list[str]:
    """Return what does not stand in the facts, which are the e-mail and what the database knows."""
    return [*_links(draft, facts), *_amounts(draft, facts), *_promises(draft)]


def _links(draft: str, facts: str) -> Iterator[str]:
    for link in _LINK.findall(draft):
        if link.rstrip(".,;:!?") not in facts:
            yield f"the link {link} does not stand in the facts"


def _amounts(draft: str, facts: str) -> Iterator[str]:
    known = set(map(_plain, _NUMBER.findall(facts)))
    for amount in _MONEY.findall(draft):
        (number, *_) = _NUMBER.findall(amount)
        if _plain(number) not in known:
            yield f"the amount {amount.strip()} does not stand in the facts"


def _plain(number: str) -> str:
    """Return a number without what countries write differently: 10,000.00 and 10.000,00 are the same."""
    digits = re.sub(r"[.,]", "", number)
    return digits[:-2] if re.search(r"[.,]00$", number) else digits


def _promises(draft: str) -> Iterator[str]:
    for promise in _PROMISE.findall(draft):
        yield f"it promises: {promise!r}"
