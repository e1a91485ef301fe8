"""What code knows better than a model: whether a quotation is true, and a citation has a claim."""

import re
from collections.abc import Iterator, Mapping, Sequence

from app.core.quotations import Passage, find_quotation, plain_words
from app.systems.multi_agent.schemas import Claim, Evidence, GroundedClaim

_CITATION = re.compile(r"\[(\d{1,3}(?:\s*[,\u2013-]\s*\d{1,3})*)\]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def weigh(claims: Sequence[Claim], passages: Mapping[str, Sequence[Passage]]) -> Evidence:
    """Keep the claims whose quotation stands in their source, each once, with the passage that has it.

    `passages` has the text of every source that a claim names.
    """
    kept: list[GroundedClaim] = []
    dropped: list[str] = []
    for claim in claims:
        passage = find_quotation(claim.quote, passages.get(claim.source, ()))
        if passage is None:
            dropped.append(claim.text)
        elif (passage.source, plain_words(claim.quote)) not in {
            (k.source, plain_words(k.quote)) for k in kept
        }:
            kept.append(
                GroundedClaim(text=claim.text, quote=claim.quote, source=passage.source, page=passage.page)
            )
    return Evidence(claims=kept, dropped=dropped)


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
    problems = [f"[{number}] is not a claim" for number in cited(text) if not 1 <= number <= len(claims)]
    sentences = re.split(r"(?<=[.!?])\s+(?=[^\Wa-z\d_])|\n+", text.strip())
    said = [sentence for sentence in sentences if _says_something(sentence)]
    bare = [sentence for sentence in said if not _CITATION.search(sentence)]
    problems += [f"no source is given for: {sentence[:120]}" for sentence in bare]
    return [*problems, *(problem for sentence in said for problem in _numbers(sentence, claims))]


def _says_something(line: str) -> bool:
    """Whether a sentence, a point of a list or a row of a table says something; a heading does not."""
    if re.match(r"\s*(?:#|\|?[\s|:-]*$)", line):
        return False
    is_point = re.match(r"\s*(?:[-*\u2022]|\d+[.)]|\|)\s*\S", line)
    return bool(re.search(r"\w{3}.*[.!?\u3002]", line) or (is_point and re.search(r"(?:\w+\W+){2}\w+", line)))


def _numbers(sentence: str, claims: Sequence[Claim]) -> Iterator[str]:
    """Yield the numbers of a sentence that do not stand in the quotations that it cites."""
    quoted = " ".join(claims[n - 1].quote for n in cited(sentence) if 1 <= n <= len(claims))
    if not quoted:
        return
    known = set(map(_plain_number, _NUMBER.findall(quoted)))
    said = re.sub(r"^\s*\d+[.)]\s", "", _CITATION.sub(" ", sentence))
    for number in _NUMBER.findall(said):
        if _plain_number(number) not in known:
            yield f"the number {number} does not stand in what is cited: {sentence[:120]}"


def _plain_number(number: str) -> str:
    return re.sub(r"[.,](?=\d{3}\b)", "", number).replace(",", ".")
