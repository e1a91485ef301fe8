"""How well a passage fits a question, as a number that means the same in every mode."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.rag.languages import COMMON_WORDS
from app.rag.store import Found
from app.rag.words import words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SHORTEST, _LONGEST = 4, 6
"""Characters of a stem: words count as one if the stem of the one begins that of the other."""


def coverage(question: str, text: str) -> float:
    """Return which part of the question's words stand in a text; 0 if it has none that say something."""
    asked = {_stem(word) for word in words(question) if word not in COMMON_WORDS}
    there = {_stem(word) for word in words(text)}
    found = [stem for stem in asked if stem in there or any(_are_one(stem, other) for other in there)]
    return len(found) / len(asked) if asked else 0.0


def _stem(word: str) -> str:
    return word if len(word) <= _SHORTEST else word[: max(_SHORTEST, min(_LONGEST, len(word) - 2))]


def _are_one(stem: str, other: str) -> bool:
    shortest = min(len(stem), len(other))
    return shortest >= _SHORTEST and stem[:shortest] == other[:shortest]


def with_relevance(
    question: str, found: Sequence[Found], vectors: "NDArray[np.float32]", asked: "NDArray[np.float32]"
) -> list[Found]:
    """Return hits with their relevance: the larger of the cosine and of the coverage."""
    cosines = vectors @ asked
    return [
        replace(
            each,
            scores={
                **each.scores,
                "relevance": max(float(cosine), coverage(question, each.chunk.searched)),
            },
        )
        for each, cosine in zip(found, cosines, strict=True)
    ]
