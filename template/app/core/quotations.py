"""Whether a quotation is true: code can tell, whatever a model says."""

import re

_SHORTEST = 12
"""Characters: fewer stand in every text."""


def stands_in(quote: str, text: str) -> bool:
    """Whether words stand in a text, whatever their case, spacing and quotation marks."""
    wanted = plain_words(quote)
    shortest = _SHORTEST if wanted.isascii() else _SHORTEST // 3  # a character may be a word
    return len(wanted) >= shortest and wanted in plain_words(text)


def plain_words(text: str) -> str:
    """Return the words of a text in small letters, with one space between them."""
    return " ".join(re.findall(r"\w+", text.casefold()))
