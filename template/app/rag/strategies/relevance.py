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

_STEM = 6
"""Characters: as long as these are the same, two words count as one."""


def coverage(question: str, text: str) -> float:
    """Return which part of the question's words stand in a text; 0 if it has none that say something."""
    asked = {word[:_STEM] for word in words(question) if word not in COMMON_WORDS}
    there = {word[:_STEM] for word in words(text)}
    return len(asked & there) / len(asked) if asked else 0.0


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
