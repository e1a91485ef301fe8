"""What code knows better than a model: whether a quotation is true, and a citation has a claim."""

import re
from collections.abc import Mapping, Sequence

from app.systems.multi_agent.schemas import Claim, Evidence

_CITATION = re.compile(r"\[(\d{1,3})\]")
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
    return len(wanted) >= _SHORTEST_QUOTE and wanted in _plain(text)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def cited(text: str) -> list[int]:
    """Return the numbers in brackets, each once, in their order."""
    return list(dict.fromkeys(int(number) for number in _CITATION.findall(text)))


def problems_of(text: str, claims: Sequence[Claim]) -> list[str]:
    """Return what is wrong with the citations of an answer."""
    problems = [f"[{number}] is no claim" for number in cited(text) if not 1 <= number <= len(claims)]
    sentences = re.split(r"(?<=[.!?])\s+(?=[^\[\s])|\n+", text.strip())
    bare = [
        s for s in sentences if re.search(r"\w{3}", s) and not _CITATION.search(s) and not s.startswith("#")
    ]
    return [*problems, *(f"no source is given for: {sentence[:120]}" for sentence in bare)]
