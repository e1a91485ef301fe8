"""Find personal data: by its shape first, which is cheap, then by its check digits, which make it certain.

No model is asked: a name or an address has no check digits, and is not found here. Numbers are checked by
python-stdnum and phonenumbers (a port of Google's libphonenumber).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Literal

import phonenumbers
from stdnum import iban, luhn
from stdnum.br import cpf
from stdnum.ch import ssn as ahv
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.eu import vat
from stdnum.fr import nir
from stdnum.it import codicefiscale
from stdnum.pl import pesel
from stdnum.us import ssn

from app.privacy.settings import PrivacySettings

Kind = Literal["card", "email", "iban", "id", "phone", "vat"]


@dataclass(frozen=True)
class Finding:
    """Personal data in a text."""

    kind: Kind
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class _Shape:
    kind: Kind
    pattern: re.Pattern[str]
    is_valid: Callable[[str], object]


_CARD_LENGTHS = {"2": (16,), "3": (14, 15, 16), "4": (13, 16, 19), "5": (16,), "6": (16, 17, 18, 19)}
"""Digits of cards by their first one: Mastercard, American Express, Diners and JCB, Visa, Discover …"""


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return len(digits) in _CARD_LENGTHS.get(digits[0], ()) and luhn.is_valid(digits)


_AS_DIGITS = str.maketrans({letter: str(int(letter, 36)) for letter in ascii_uppercase})
"""Letters as an IBAN's check digits count them: A is 10."""


def _is_iban(text: str) -> bool:
    """Whether check digits (ISO 7064), country and length are right; most fail at the first, quickly."""
    compact = re.sub(r"\W", "", text).upper()
    # regardless of case, [A-Z] is also the long s and the sign for kelvin
    if not compact.isascii():
        return False
    digits = (compact[4:] + compact[:4]).translate(_AS_DIGITS)
    return int(digits) % 97 == 1 and bool(iban.is_valid(compact))


_GAP = r"[ \u00a0\u202f-]"
"""What people write between the groups of a number."""


def _shape(kind: Kind, pattern: str, is_valid: Callable[[str], object] = bool) -> _Shape:
    pattern = pattern.replace("_", _GAP)
    return _Shape(kind, re.compile(rf"(?<![\w@+])(?<!\d[.-])(?:{pattern})(?![\w@])", re.IGNORECASE), is_valid)


_SHAPES = (
    _Shape("email", re.compile(r"[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}"), bool),
    _shape("iban", r"[A-Z]{2}\d{2}(?:_?[A-Z0-9]{4}){2,7}(?:_?[A-Z0-9]{1,3})?", _is_iban),
    _shape("id", r"[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]", codicefiscale.is_valid),
    _shape("id", r"[12]_?\d{2}_?\d{2}_?(?:\d{2}|2[AB])_?\d{3}_?\d{3}_?\d{2}", nir.is_valid),
    _shape("id", r"756\.?\d{4}\.?\d{4}\.?\d{2}", ahv.is_valid),
    _shape("card", r"\d{4}_?\d{4}_?\d{4}_?\d{1,4}(?:_?\d{1,3})?", _is_card),
    _shape("card", r"\d{4}_?\d{6}_?\d{4,5}", _is_card),
    _shape("vat", r"[A-Z]{2}_?[A-Z0-9]{8,12}", vat.is_valid),
    _shape("id", r"\d{3}-\d{2}-\d{4}", ssn.is_valid),
    _shape("id", r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}", cpf.is_valid),
    _shape("id", r"[XYZ]-?\d{7}-?[A-Z]", nie.is_valid),
    _shape("id", r"\d{8}-?[A-Z]", dni.is_valid),
    _shape("id", r"\d{2}_?\d{3}_?\d{3}_?\d{3}", idnr.is_valid),
    _shape("id", r"\d{11}", pesel.is_valid),
)
"""Kinds of personal data. An IBAN, which holds what looks like the number of a card, comes before it."""

_MAY_BE_PHONE = re.compile(r"(?<![\w@])(?<!\d\.)[+(0-9][0-9 ().\u00a0\u202f/-]{6,28}[0-9](?!\w)")
_GROUPS = 6
"""How many words behind a number may have been taken for its last groups, and one."""
_LAST_GROUP = re.compile(rf"{_GAP}[^ \u00a0\u202f-]*$")
_FIRST_GROUP = re.compile(rf"[^ \u00a0\u202f-]+{_GAP}?")


def find_personal_data(text: str) -> list[Finding]:
    """Return the personal data in a text, in its order; none overlaps another."""
    found: list[Finding] = []
    taken = bytearray(len(text))
    for kind, start, end in _candidates(text):
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            found.append(Finding(kind, start, end, text[start:end]))
    return sorted(found, key=lambda finding: finding.start)


def _candidates(text: str) -> Iterator[tuple[Kind, int, int]]:
    """Yield what is valid, those of the more certain kinds first."""
    for shape in _SHAPES:
        yield from _of_shape(shape, text)
    yield from _phones(text)


def _of_shape(shape: _Shape, text: str) -> Iterator[tuple[Kind, int, int]]:
    """Yield what has a shape and is valid. Others may stand behind a number, such as a card's expiry date."""
    at = 0
    while match := shape.pattern.search(text, at):
        valid = next((each for each in _shortened(match[0]) if shape.is_valid(each)), None)
        if valid is not None:
            at = match.start() + len(valid)
            yield shape.kind, match.start(), at
        else:
            first = _FIRST_GROUP.match(match[0])
            at = match.start() + (first.end() if first else len(match[0]))


def _shortened(text: str) -> Iterator[str]:
    """Yield a text, and again without its last groups."""
    for _ in range(_GROUPS):
        yield text
        shorter = _LAST_GROUP.sub("", text)
        if shorter == text:
            return
        text = shorter


def _phones(text: str) -> Iterator[tuple[Kind, int, int]]:
    regions = PrivacySettings.load().phone_regions
    for match in _MAY_BE_PHONE.finditer(text):
        if "+" not in match[0] and not regions:
            continue
        for region in regions or ("ZZ",):  # ZZ: no country, only international numbers
            found = (list(phonenumbers.PhoneNumberMatcher(each, region)) for each in _shortened(match[0]))
            for number in next((numbers for numbers in found if numbers), []):
                yield "phone", match.start() + number.start, match.start() + number.end
