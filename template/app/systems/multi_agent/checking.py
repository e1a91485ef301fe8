"""What code knows better than a model: whether a quotation is true, and a citation has a claim."""

import re
from collections.abc import Mapping, Sequence

from app.systems.multi_agent.schemas import Claim, Evidence

_CITATION = re.compile(r"\[(\d{1,3}(?:\s*[,\u2013-]\s*\d{1,3})*)\]")
_SHORTEST_QUOTE = 12


def weigh(claims: Sequence[Claim], sources: Mapping[str, str]) -> Evidence:
    """Keep the claims whose quotation stands in their source, each once."""
    kept: list[Claim] = []
    dropped: list[str] = []
    for claim in claims:
        if not stands_in(claim.quote, sources.get(claim.source, "")):
            dropped.append(claim.text)
        elif (claim.source, _plain(claim.quote)) not in {(k.source, _plain(k.quote)) for k in kept}:
            kept.append(claim)
    return Evidence(claims=kept, dropped=dropped)


def stands_in(quote: str, text: str) -> bool:
    """Whether words stand in a text, whatever their case, spacing and quotation marks."""
    wanted = _plain(quote)
    shortest = _SHORTEST_QUOTE if wanted.isascii() else _SHORTEST_QUOTE // 3  # a character may be a word
    return len(wanted) >= shortest and wanted in _plain(text)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def cited(text: str) -> list[int]:
    """Return the numbers in brackets, each once, in their order: `[2]`, `[1, 3]` or `[4-6]`."""
    numbers: list[int] = []
    for inside in _CITATION.findall(text):
        for part in inside.split(","):
            first, last = (int(n) for n in (re.findall(r"\d+", part) * 2)[:2])
            numbers += range(first, min(last, first + 20) + 1)
    return list(dict.fromkeys(numbers))


def problems_of(text: str, claims: Sequence[Claim]) -> list[str]:
    """Return what is wrong with the citations of an answer."""
    problems = [f"[{number}] is no claim" for number in cited(text) if not 1 <= number <= len(claims)]
    sentences = re.split(r"(?<=[.!?])\s+(?=[^\Wa-z\d_])|\n+", text.strip())
    said = [sentence for sentence in sentences if re.search(r"\w{3}.*[.!?\u3002]", sentence)]
    bare = [sentence for sentence in said if not _CITATION.search(sentence)]
    return [*problems, *(f"no source is given for: {sentence[:120]}" for sentence in bare)]
