"""What stands in a text: numbers, dates, currencies and names as any country writes them, and its kind."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

_NUMBER = r"(?:\d{1,3}(?:['\u2019 ]\d{3})+(?:[.,]\d+)?(?!\d)|\d[\d.,]*\d|\d)"
_SIGNED = re.compile(
    rf"(?P<before>(?<![\w.,])[-\u2212\u2013(]\s?(?:[A-Z]{{3}}\s?|[$\u20ac\u00a3\u00a5]\s?)?)?"
    rf"(?P<number>{_NUMBER})(?P<after>-(?!\w))?"
)
_PER_CENT = re.compile(rf"({_NUMBER})\s*(?:%|per cent|percent|Prozent)")
_WITH_CENTS = re.compile(r"\d[.,]\d\d$")


def numbers_in(text: str) -> set[Decimal]:
    """Return the numbers in a text: 1,234.50 and 1.234,50 are the same. Without signs and percentages."""
    return {abs(number) for number in signed_numbers_in(text)}


def signed_numbers_in(text: str) -> set[Decimal]:
    """The same with their signs: -5, 5- and (5) are negative."""
    plain = _PER_CENT.sub(" ", unicodedata.normalize("NFKC", text))
    return {
        -value if match["before"] or match["after"] else value
        for match in _SIGNED.finditer(plain)
        for value in _values(match["number"])
    }


def rates_in(text: str) -> set[Decimal]:
    """Return the percentages in a text."""
    found = _PER_CENT.findall(unicodedata.normalize("NFKC", text))
    return {value for token in found for value in _values(token)}


def amounts_in(text: str) -> set[Decimal]:
    """Return the numbers that are written with two decimals: those are amounts of money."""
    plain = _PER_CENT.sub(" ", unicodedata.normalize("NFKC", text))
    tokens = (match["number"] for match in _SIGNED.finditer(plain))
    return {value for token in tokens if _WITH_CENTS.search(token) for value in _values(token, cents=True)}


def _values(token: str, *, cents: bool = False) -> Iterator[Decimal]:
    whole = re.sub(r"['\u2019 ]", "", token)
    for point, thousands in ((".", ","), (",", ".")):
        if cents and whole[-3] != point:
            continue
        plain = whole.replace(thousands, "").replace(point, ".")
        if plain.count(".") <= 1:
            yield Decimal(plain)


_MONTHS = (
    ("january", "januar", "janvier", "enero"),
    ("february", "februar", "fevrier", "febrero"),
    ("march", "marz", "maerz", "mars", "marzo"),
    ("april", "avril", "abril"),
    ("may", "mai", "mayo"),
    ("june", "juni", "juin", "junio"),
    ("july", "juli", "juillet", "julio"),
    ("august", "aout", "agosto"),
    ("september", "septembre", "septiembre"),
    ("october", "oktober", "octobre", "octubre"),
    ("november", "novembre", "noviembre"),
    ("december", "dezember", "decembre", "diciembre"),
)
_ISO = re.compile(r"(?<!\d)(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})[-./]\s?(\d{1,2})[-./]\s?(\d{4}|\d{2})(?!\d)")
_DAY_AND_NAME = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|\.)?(?:\s+(?:of|de))?\s+([a-z]{3,})\.?,?(?:\s+de)?\s+(\d{4})"
)
_NAME_AND_DAY = re.compile(r"\b([a-z]{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")


def dates_in(text: str) -> set[date]:
    """Return the dates in a text. One that can be read in two ways is both: 3/4/2026."""
    plain = _without_accents(text)
    found: set[date] = set()
    for year, month, day in _ISO.findall(plain):
        found |= _dates(year, month, day)
    for first, second, year in _DAY_FIRST.findall(plain):
        found |= _dates(year, second, first) | _dates(year, first, second)
    for day, name, year in _DAY_AND_NAME.findall(plain):
        found |= _dates(year, _month(name), day)
    for name, day, year in _NAME_AND_DAY.findall(plain):
        found |= _dates(year, _month(name), day)
    return found


def _month(name: str) -> int:
    """Return the number of a month, also of its beginning; 0 if it is none."""
    for number, names in enumerate(_MONTHS, 1):
        if any(known.startswith(name) for known in names):
            return number
    return 0


def _dates(year: str, month: str | int, day: str) -> set[date]:
    try:
        return {date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))}
    except ValueError:
        return set()


_SIGNS = {
    "AUD": ("A$", "AU$"),
    "CAD": ("C$", "CA$"),
    "CHF": ("SFr", "Fr."),
    "CNY": ("\u00a5", "RMB"),
    "CZK": ("K\u010d",),
    "DKK": ("kr",),
    "EUR": ("\u20ac", "euro", "euros"),
    "GBP": ("\u00a3",),
    "INR": ("\u20b9",),
    "JPY": ("\u00a5", "\u5186", "yen"),
    "NOK": ("kr",),
    "PLN": ("z\u0142",),
    "SEK": ("kr",),
    "USD": ("$", "US$"),
}


def has_currency(code: str, text: str) -> bool:
    """Whether a currency stands in a text, by its code or its sign."""
    found = (re.escape(name) for name in (code, *_SIGNS.get(code, ())))
    pattern = "|".join(rf"(?<![A-Za-z$]){name}(?![A-Za-z])" for name in found)
    return bool(re.search(pattern, text, re.IGNORECASE))


_UNITS = (
    (1, "days?|tage?n?|jours?|dias?"),
    (7, "weeks?|wochen?|semaines?|semanas?"),
    (30, "months?|monate?n?|mois|mes(?:es)?"),
    (365, "years?|jahre?n?|ans?|annees?|anos?"),
)


def has_duration(days: int, text: str) -> bool:
    """Whether so many days stand in a text, as days, weeks, months of 30 days or years of 365."""
    plain = _without_accents(text)
    return any(
        days % length == 0 and re.search(rf"(?<!\d){days // length}\)?\s*(?:{names})\b", plain)
        for length, names in _UNITS
    )


def stands_in(value: str, text: str) -> bool:
    """Whether a value stands in a text as whole words, whatever its case, spacing and form of characters."""
    wanted = _plain(value).strip()
    return bool(wanted) and bool(re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", _plain(text)))


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\s+", " ", re.sub(r"[\u2010-\u2015]", "-", folded))


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", _plain(text))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


_OTHER_KINDS = {
    "a reminder": r"\w*mahnung|zahlungserinnerung|reminder|past due|overdue|rappel|recordatorio|sollecito",
    "an offer": r"angebot|kostenvoranschlag|quotation|quote|estimate|devis|presupuesto|preventivo",
    "a delivery note": r"lieferschein|delivery note|packing slip|bon de livraison|albaran",
    "an order": r"auftragsbestatigung|bestellung|purchase order|order confirmation|bon de commande|pedido",
    "a pro forma invoice": r"pro[- ]?forma",
    "a statement of account": r"kontoauszug|statement of account|account statement|releve de compte",
}
_CREDIT = re.compile(r"credit note|credit memo|gutschrift|storno|avoir|nota de credito|abono|nota di credito")
_HEADING = 400


def other_kind(text: str) -> str | None:
    """Return what the beginning of a document says it is, if that is not an invoice."""
    beginning = _without_accents(text[:_HEADING])
    for kind, words in _OTHER_KINDS.items():
        if re.search(rf"\b(?:{words})\b", beginning):
            return kind
    return None


def is_credit_note(text: str) -> bool:
    """Whether the beginning of a document says that it gives money back."""
    return bool(_CREDIT.search(_without_accents(text[:_HEADING])))
