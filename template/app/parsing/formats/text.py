"""Plain text in any encoding, and JSON."""

import json
import re

from app.parsing.sections import Parsed, Refused, Section

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_ESCAPED = re.compile(r"[\udc80-\udcff]")
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


def parse_plain(text: str) -> Parsed:
    """Return a text as one section."""
    return Parsed("text", (Section(text),))


def parse_json(text: str) -> Parsed:
    """Return a JSON document with one value a line; one that is not valid as the text that it is."""
    try:
        written = json.dumps(json.loads(text), ensure_ascii=False, indent=1)
    except (ValueError, RecursionError):
        return parse_plain(text)
    return Parsed("json", (Section(written),))


def decode(content: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16, or the code page that its bytes suggest.

    UTF-8 into which lines of Windows have come, as in a log that several programs write, is read as both.
    Raises `Refused`.
    """
    try:
        text = content.decode("utf-16" if content[:2] in _BYTE_ORDER_MARKS else "utf-8-sig")
    except UnicodeDecodeError:
        text = _mixed(content) or content.decode(_code_page(content), errors="replace")
    if len(_CONTROL.findall(text)) > len(text) // 1000:
        raise _not_text()
    return text


def _mixed(content: bytes) -> str | None:
    """Return text of which more is UTF-8 than is not; the other bytes are read as the code page of Windows.

    Other encodings hardly ever have bytes that are UTF-8 by chance.
    """
    text = content.decode("utf-8-sig", errors="surrogateescape")
    others = len(_ESCAPED.findall(text))
    if others > sum(character > "\x7f" for character in text) - others:
        return None
    return _ESCAPED.sub(lambda found: _of_windows(ord(found[0]) - 0xDC00), text)


def _of_windows(byte: int) -> str:
    return bytes([byte]).decode("cp1252", errors="replace")


def _code_page(content: bytes) -> str:
    """Return the most plausible code page; of several that are, the one of Windows in the west."""
    from charset_normalizer import from_bytes

    matches = from_bytes(content)
    best = matches.best()
    if best is None or _CONTROL.search(content.decode("latin-1")):
        raise _not_text()
    equal = {name for match in matches if match.chaos == best.chaos for name in match.could_be_from_charset}
    return "cp1252" if "cp1252" in equal else best.encoding


def _not_text() -> Refused:
    return Refused("not_supported", "It is neither PDF nor DOCX nor text. A scan or a picture holds no text.")
