"""Groups of words that follow each other in one sentence, found in time that grows with the text alone.

A regular expression with gaps takes a square of the text where an attacker wants it to. Here each group is
searched once, and what was found is put together afterwards.
"""

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_SENTENCE_ENDS = re.compile(r"[.!?;](?=\s|$)|[。\uff01\uff1f।؟]")
_LETTERS_WITH_SPACES = re.compile(r"[a-z\u00c0-\u058f\u0600-\u06ff\u0900-\u097f]")
"""Scripts whose words stand apart: Latin, Greek, Cyrillic, Arabic, Devanagari."""


class Words(NamedTuple):
    """One of several words."""

    beginnings: tuple[str, ...]
    """If a text has none of these, it has none of the words: that is quick to tell."""
    pattern: re.Pattern[str]


def words(*alternatives: str) -> Words:
    """Return a group; `*` stands for any letters, `_` for one space or none."""
    beginnings = tuple(dict.fromkeys(re.split(r"[*_]", each)[0] for each in alternatives))
    return Words(beginnings, re.compile("|".join(map(_pattern, alternatives))))


def _pattern(word: str) -> str:
    stands_apart = bool(_LETTERS_WITH_SPACES.match(word))
    pattern = re.escape(word).replace(r"\*", r"\w*").replace("_", r"[\s-]?")
    before = r"\b" if stands_apart else ""
    after = r"\b" if stands_apart and word[-1].isalnum() else ""
    return f"{before}{pattern}{after}"


@dataclass(frozen=True)
class Found:
    """Where the words of a rule stand."""

    start: int
    end: int


def follow_each_other(groups: Sequence[Words], text: str, gap: int) -> Iterator[Found]:
    """Yield where one word of each group stands, in this order, in one sentence, at most `gap` apart."""
    if not all(any(beginning in text for beginning in group.beginnings) for group in groups):
        return
    chains = [Found(*found.span()) for found in groups[0].pattern.finditer(text)]
    if len(groups) > 1 and chains:
        ends = [found.start() for found in _SENTENCE_ENDS.finditer(text)]
        for group in groups[1:]:
            chains = list(_continued(chains, group, text, gap, ends))
    yield from chains


def _continued(
    chains: Sequence[Found], group: Words, text: str, gap: int, ends: Sequence[int]
) -> Iterator[Found]:
    """Yield the chains that a word of the group continues; of several the one that ends next to it."""
    at = 0
    for found in group.pattern.finditer(text) if chains else ():
        while at + 1 < len(chains) and chains[at + 1].end <= found.start():
            at += 1
        before = chains[at]
        is_near = before.end <= found.start() <= before.end + gap
        if is_near and bisect(ends, before.end - 1) == bisect(ends, found.start()):
            yield Found(before.start, found.end())
