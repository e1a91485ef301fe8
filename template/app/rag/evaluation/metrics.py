"""Measures of a ranking (Manning, Raghavan and Schütze: Introduction to Information Retrieval, chapter 8).

A ranking is a sequence of places; each holds the numbers of the labels that the hit there fulfils. A label
counts at the first hit that fulfils it.
"""

import math
import random
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from statistics import fmean

Ranking = Sequence[AbstractSet[int]]


def recall(ranking: Ranking, labels: int, k: int) -> float:
    """Return which part of the labels is fulfilled by the first k hits."""
    return len(set().union(*ranking[:k])) / labels


def precision(ranking: Ranking, labels: int, k: int) -> float:
    """Return which part of the first k places holds a hit that fulfils a label."""
    del labels
    return sum(bool(place) for place in ranking[:k]) / k


def reciprocal_rank(ranking: Ranking, labels: int, k: int) -> float:
    """Return 1 / the place of the first hit that fulfils a label; 0 if none of the first k does."""
    del labels
    return next((1 / place for place, found in enumerate(ranking[:k], 1) if found), 0.0)


def ndcg(ranking: Ranking, labels: int, k: int) -> float:
    """Return the normalised discounted cumulative gain (Järvelin and Kekäläinen 2002), gains 0 or 1."""
    seen: set[int] = set()
    gain = 0.0
    for place, found in enumerate(ranking[:k], 1):
        if found - seen:
            gain += 1 / math.log2(place + 1)
        seen |= found
    ideal = sum(1 / math.log2(place + 1) for place in range(1, min(labels, k) + 1))
    return gain / ideal


def hit_rate(ranking: Ranking, labels: int, k: int) -> float:
    """Return 1 if one of the first k hits fulfils a label."""
    del labels
    return float(any(ranking[:k]))


MEASURES: dict[str, Callable[[Ranking, int, int], float]] = {
    "recall": recall,
    "precision": precision,
    "mrr": reciprocal_rank,
    "ndcg": ndcg,
    "hit_rate": hit_rate,
}


def interval(values: Sequence[float], *, samples: int = 1000, seed: int = 1) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a mean (Efron 1979)."""
    if not values:
        return 0.0, 0.0
    chosen = random.Random(seed)
    means = sorted(fmean(chosen.choices(values, k=len(values))) for _ in range(samples))
    return means[int(0.025 * samples)], means[int(0.975 * samples)]
