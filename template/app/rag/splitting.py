"""Split a text into pieces of so many tokens, at the best places: paragraphs, lines, sentences, words.

The text is tokenized once, and cut by the places of its tokens: so a long one takes as long as it has tokens.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator

from app.llm.embeddings import load_tokenizer

_ENDS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"[.!?\u3002\uff01\uff1f]+\s*"),
    re.compile(r"\s+"),
)
"""Where a text may be cut, the best places first."""


def count_tokens(text: str) -> int:
    """Return how many tokens a text has."""
    return len(load_tokenizer().encode(text, add_special_tokens=False).ids)


def split(text: str, tokens: int, overlap: int) -> Iterator[str]:
    """Yield pieces of at most `tokens` tokens; each begins with up to `overlap` of the one before it."""
    starts = [start for start, _ in load_tokenizer().encode(text, add_special_tokens=False).offsets]
    first = 0
    while len(starts) - first > tokens:
        begin, limit = starts[first], starts[first + tokens]
        end = _end(text, begin, limit) if limit > begin else _next(starts, begin, len(text))
        yield text[begin:end].strip()
        repeated = starts[max(first, bisect_right(starts, end) - 1 - overlap)]
        # a token begins with the space before its word
        first = max(first + 1, bisect_right(starts, _begin(text, repeated, end)) - 1)
    if first < len(starts):
        yield text[starts[first] :].strip()


def _end(text: str, begin: int, limit: int) -> int:
    """Return the end of the best piece: at a paragraph if one ends in its second half, else at a line …"""
    middle = begin + (limit - begin) // 2
    for ends in _ENDS:
        found = [match.end() for match in ends.finditer(text, middle, limit)]
        if found:
            return found[-1]
    return limit


def _begin(text: str, earliest: int, end: int) -> int:
    """Return where a piece begins that repeats some of the one before: at a sentence, or else at a word."""
    for ends in _ENDS[2:]:
        if (match := ends.search(text, earliest, end)) and match.end() < end:
            return match.end()
    return earliest if earliest < end and not text[earliest:end].isspace() else end


def _next(starts: list[int], begin: int, length: int) -> int:
    """Return the next place where a token begins: one character may be several tokens."""
    return next((start for start in starts if start > begin), length)
