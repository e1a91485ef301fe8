"""Texts as a reader sees them, and what is hidden in them: other letters, codes, letters apart, backwards.

An attack is written so that a rule does not see it and a model still understands it. Rules are held against
each of these views. All of it takes time that grows with the text alone.
"""

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

_LONGEST_CODE = 4000
"""Characters of a code that are read."""
_INVISIBLE = dict.fromkeys(
    [
        0x00AD,  # soft hyphen
        0x034F,  # combining grapheme joiner
        *range(0x200B, 0x2010),  # zero width
        *range(0x202A, 0x202F),  # direction
        *range(0x2060, 0x2070),
        *range(0xFE00, 0xFE10),  # variation selectors
        0xFEFF,
    ],
    None,
)
_TAGS = {0xE0000 + code: code for code in range(0x20, 0x7F)}
"""Tag characters (Unicode block E0000), which no font shows and models read."""
_NOT_SEEN = _INVISIBLE | _TAGS
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕԁһӏԛԝαοιρνκτυϲ",
    "aeopcyxijsdhlqwaoipvktuc",
)
"""Cyrillic and Greek letters that look like Latin ones."""
_OTHER_ALPHABETS = re.compile(r"\w*[\u0370-\u052f]\w*")
_LEET = str.maketrans("013457@$", "oieastas")
_DIGITS_IN_WORDS = re.compile(r"[a-z][013457@$]+[a-z]|\b[013457@$]+[a-z]{2}")
_MIXED = re.compile(r"[\w@$]{4,}")
_SEPARATOR = r"[\s._*|/-]"
_APART = re.compile(rf"(?<!\w)\w(?:{_SEPARATOR}{{1,3}}\w(?!\w)){{3,}}")
_COMMON = re.compile(
    r"(ignore|disregard|forget|reveal|print|show|repeat|hidden|secret|all|your|previous|prior|above|instructions?|rules|system|prompt|and)"
)
"""Words of attacks, to find them where no space stands between words."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}")
_HEX = re.compile(r"(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s:,]?){16,}")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}[\w.~-]{0,20}){6,}")
_BETWEEN_QUOTES = re.compile(r"""["'][\s,.;+]{0,5}(?:\w{1,8} )?["']?\w{1,20}["']?\s{0,3}[:=]\s{0,3}["']""")
"""From the end of one value to the beginning of the next: `a = 'ignore'; b = '`, or of JSON."""
_LINE_END = re.compile(r"\n(?=.{1,8}(?:\n|$))")
_PLUS = re.compile(r"(?:\w{1,30}\+){3,40}\w{1,30}")
_ROT13 = re.compile(r"vtaber|qvfertneq|sbetrg|vafgehpgvba|flfgrz cebzcg|ceriovhf|cerivbhf")
_BACKWARDS = re.compile(r"erongi|drager|tegrof|noitcurtsni|tpmorp metsys|suoiverp")


def visible(text: str) -> str:
    """Return a text in small letters, in Latin ones where they look like it, without what nobody sees."""
    if text.isascii():
        return text.casefold()
    shown = unicodedata.normalize("NFKC", text.translate(_NOT_SEEN)).casefold()
    return _OTHER_ALPHABETS.sub(_latin, shown)


def _latin(found: re.Match[str]) -> str:
    """Return a word in which other alphabets are mixed with Latin as the Latin word that it looks like."""
    return found[0].translate(_LOOK_ALIKES) if re.search("[a-z]", found[0]) else found[0]


def hidden(text: str, shown: str) -> Iterator[str]:
    """Yield what a text says in code, with letters apart, backwards, or in several pieces.

    `text` is as it was written, `shown` as it is `visible`.
    """
    for code in _BASE64.findall(text):
        yield from _from_base64(code)
    for code in _HEX.findall(text):
        digits = re.sub(r"0x|\\x|[^0-9a-fA-F]", "", code)
        yield from _readable(bytes.fromhex(digits[: len(digits) // 2 * 2]))
    for code in _PERCENT.findall(text):
        yield visible(unquote(code))
    for code in _PLUS.findall(shown):
        yield unquote(code.replace("+", " "))
    if _ROT13.search(shown):
        yield codecs.decode(shown, "rot13")
    if _BACKWARDS.search(shown):
        yield shown[::-1]
    yield from _put_together(shown)


def _put_together(shown: str) -> Iterator[str]:
    """Yield what a text says in pieces: letters, lines and values; and with digits in letters' places."""
    if apart := _APART.findall(shown):
        yield " ".join(_together(letters) for letters in apart)
    if _DIGITS_IN_WORDS.search(shown):
        yield _MIXED.sub(_from_leet, shown)
    if len(_BETWEEN_QUOTES.findall(shown)) > 1:
        yield _BETWEEN_QUOTES.sub("", shown)
    if len(_LINE_END.findall(shown)) > 5:
        yield _COMMON.sub(r" \1 ", _LINE_END.sub("", shown))


def _from_leet(found: re.Match[str]) -> str:
    word = found[0]
    return word if word.isalpha() or word.isdigit() else word.translate(_LEET)


def _together(letters: str) -> str:
    """Return letters that stand apart as words."""
    return " ".join(_COMMON.sub(r" \1 ", re.sub(_SEPARATOR, "", letters)).split())


def _from_base64(code: str) -> Iterator[str]:
    code = code[:_LONGEST_CODE]
    padded = code + "=" * (-len(code) % 4)
    try:
        yield from _readable(base64.b64decode(padded, altchars=b"-_" if {"-", "_"} & set(code) else None))
    except (binascii.Error, ValueError):
        return


def _readable(data: bytes) -> Iterator[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    if text.replace("\n", " ").replace("\t", " ").isprintable():
        yield visible(text)
