"""Parse a file. It is not to be trusted: a child process does it, with bounded memory and time."""

import json
import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from app.parsing.children import run_child
from app.parsing.errors import (
    DocumentCorrupt,
    DocumentEmpty,
    DocumentEncrypted,
    DocumentError,
    DocumentNotSupported,
    DocumentTooLong,
)
from app.parsing.sections import Parsed, Section

_ERRORS: dict[str, type[DocumentError]] = {
    "corrupt": DocumentCorrupt,
    "encrypted": DocumentEncrypted,
    "not_supported": DocumentNotSupported,
    "too_long": DocumentTooLong,
}
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: neither a model nor the database wants them."""


@dataclass(frozen=True)
class Limits:
    """How much a file may ask of us."""

    pages: int = 500
    characters: int = 200_000
    """Of its text."""
    seconds: float = 30.0
    """That parsing may take."""
    settings: str = "DOCUMENTS"
    """The prefix of the settings that hold these limits, for the message of an error."""


async def parse(content: bytes, filename: str = "", limits: Limits | None = None) -> Parsed:
    """Return the text of a file in sections. Raises a subclass of `DocumentError`.

    What kind of file it is, its bytes say; its name decides only between formats that are all plain text.
    """
    limits = limits or Limits()
    if not content:
        raise DocumentEmpty("The file is empty.")
    try:
        answer = await run_child(content, _suffix(filename), limits.pages, limits.characters, limits.seconds)
    except TimeoutError:
        raise DocumentCorrupt(f"Reading the file took longer than {limits.seconds:g} seconds.") from None
    found = _found(answer)
    if not found.sections:
        raise DocumentEmpty(
            "There is no text in the document.", hint="Is it a scan? Send what text recognition makes of it."
        )
    if sum(len(section.text) for section in found.sections) > limits.characters:
        raise DocumentTooLong(
            f"The document has more than {limits.characters} characters.",
            hint=f"Split it, or raise {limits.settings}_MAX_CHARACTERS.",
        )
    return found


def _suffix(filename: str) -> str:
    """Return how a name ends, such as `.md`: the child gets no more of what a stranger has chosen."""
    suffix = PurePath(filename).suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,20}", suffix) else ""


def _found(answer: bytes) -> Parsed:
    try:
        found: dict[str, Any] = json.loads(answer)
    except ValueError:  # it was killed by the limit of memory or time
        raise DocumentCorrupt("The file cannot be read: it takes too much memory or time.") from None
    if "error" in found:
        raise _ERRORS[found["error"]](found["detail"])
    sections = (
        Section(clean_text(text), page, tuple(map(clean_text, headings)), kind)
        for text, page, headings, kind in found["sections"]
    )
    return Parsed(found["format"], tuple(section for section in sections if section.text), found["pages"])


def clean_text(text: str) -> str:
    """Return text without control characters, with the line ends of Unix and no more than one empty line."""
    return re.sub(r"\n{3,}", "\n\n", _UNWANTED.sub("", text.replace("\r\n", "\n"))).strip()
