"""Whether a quotation is true: code can tell, whatever a model says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SHORTEST = 12
"""Characters: fewer stand in every text."""


@dataclass(frozen=True)
class Passage:
    """A part of a source's text."""

    source: str
    """The source's name."""
    text: str
    page: int | None = None


def find_quotation(quote: str, passages: Sequence[Passage]) -> Passage | None:
    """Return the passage that has these words; all of them as one, if only that has them."""
    found = next((passage for passage in passages if stands_in(quote, passage.text)), None)
    if found or not passages:
        return found
    whole = Passage(passages[0].source, "\n".join(passage.text for passage in passages))
    return whole if stands_in(quote, whole.text) else None


def stands_in(quote: str, text: str) -> bool:
    """Whether words stand in a text, whatever their case, spacing and quotation marks."""
    wanted = plain_words(quote)
    shortest = _SHORTEST if wanted.isascii() else _SHORTEST // 3  # a character may be a word
    return len(wanted) >= shortest and wanted in plain_words(text)


def plain_words(text: str) -> str:
    """Return the words of a text in small letters, with one space between them."""
    return " ".join(re.findall(r"\w+", text.casefold()))
