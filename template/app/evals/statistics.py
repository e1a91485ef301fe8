"""The statistics of evaluations; `tests/evals/test_statistics.py` has published tables."""

import math
import random
from collections.abc import Callable, Sequence
from itertools import product
from statistics import fmean
from typing import TypeVar

T = TypeVar("T")

_EXACT = 16
"""Pairs up to which all permutations are tried."""
_SAMPLES = 10_000


def kappa(first: Sequence[object], second: Sequence[object]) -> float:
    """Return Cohen's kappa: how far two raters agree beyond chance (Cohen 1960).

    0.0 if neither ever varies: that says nothing.
    """
    if len(first) != len(second) or not first:
        raise ValueError("two raters rate the same cases, one at the least")
    labels = {*first, *second}
    observed = fmean(a == b for a, b in zip(first, second, strict=True))
    by_chance = sum(_share(first, label) * _share(second, label) for label in labels)
    return 0.0 if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def _share(ratings: Sequence[object], label: object) -> float:
    return sum(rating == label for rating in ratings) / len(ratings)


def bootstrap(
    values: Sequence[T],
    statistic: Callable[[Sequence[T]], float],
    *,
    samples: int = 2000,
    seed: int = 1,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a statistic (Efron 1979)."""
    chosen = random.Random(seed)
    found = sorted(statistic(chosen.choices(values, k=len(values))) for _ in range(samples))
    return found[int(0.025 * samples)], found[min(int(0.975 * samples), samples - 1)]


def kappa_interval(first: Sequence[object], second: Sequence[object]) -> tuple[float, float]:
    """Return the 95 % interval of kappa, by drawing the cases again."""
    pairs = list(zip(first, second, strict=True))
    return bootstrap(pairs, lambda drawn: kappa([a for a, _ in drawn], [b for _, b in drawn]))


def mcnemar(worse: int, better: int) -> float:
    """Return the two-sided exact p-value of cases that changed (McNemar 1947; exact by the sign test)."""
    changed = worse + better
    if not changed:
        return 1.0
    tail = sum(math.comb(changed, k) for k in range(min(worse, better) + 1))
    return min(1.0, tail / (1 << (changed - 1)))


def paired_permutation(first: Sequence[float], second: Sequence[float], *, seed: int = 1) -> float:
    """Return the two-sided p-value of the mean difference of pairs (Fisher 1935).

    All permutations are tried for up to 16 pairs, else 10,000 drawn ones.
    """
    differences = [b - a for a, b in zip(first, second, strict=True) if a != b]
    if not differences:
        return 1.0
    observed = abs(sum(differences)) - 1e-12
    if len(differences) <= _EXACT:
        signs = product((1, -1), repeat=len(differences))
        sums = [abs(sum(s * d for s, d in zip(sign, differences, strict=True))) for sign in signs]
        return sum(value >= observed for value in sums) / len(sums)
    chosen = random.Random(seed)
    extreme = sum(
        abs(sum(d if chosen.random() < 0.5 else -d for d in differences)) >= observed for _ in range(_SAMPLES)
    )
    return (extreme + 1) / (_SAMPLES + 1)
