"""What of an article is right."""

from collections.abc import Mapping
from typing import Any

from app.graphs import Observed
from app.systems.content_generation.schemas import Article


def score(observed: Observed, expected: Mapping[str, Any]) -> dict[str, bool]:
    """Say of each expected field whether it is right."""
    article: Article | None = observed.output
    if article is None:
        return dict.fromkeys(("length", "mentions", "problems"), False)
    return {
        "length": expected["at_least"] <= article.words <= expected["at_most"],
        "mentions": all(word in article.markdown for word in expected["mentions"]),
        "problems": article.problems == [],
    }
