"""The statistics, on published tables."""

from statistics import fmean

import pytest

from app.evals.statistics import bootstrap, kappa, kappa_interval, mcnemar, paired_permutation

DARWIN_CROSSED = [
    23.5,
    12.0,
    21.0,
    22.0,
    19.125,
    21.5,
    22.125,
    20.375,
    18.25,
    21.625,
    23.25,
    21.0,
    22.125,
    23.0,
    12.0,
]
DARWIN_SELFED = [
    17.375,
    20.375,
    20.0,
    20.0,
    18.375,
    18.625,
    18.625,
    15.25,
    16.5,
    18.0,
    16.25,
    18.0,
    12.75,
    15.5,
    18.0,
]
"""Heights of 15 pairs of maize plants (Darwin 1876), on which Fisher (1935, § 21) tried all permutations."""


def rated(table: list[list[int]]) -> tuple[list[int], list[int]]:
    """Return the ratings that give a table of two raters."""
    pairs = [(a, b) for a, row in enumerate(table) for b, count in enumerate(row) for _ in range(count)]
    return [a for a, _ in pairs], [b for _, b in pairs]


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ([[20, 5], [10, 15]], 0.40),
        ([[45, 15], [25, 15]], 0.1304),
        ([[25, 35], [5, 35]], 0.2593),
        ([[88, 10, 2], [14, 40, 6], [18, 10, 12]], 0.492),  # Cohen 1960, table 1
    ],
)
def test_kappa_is_that_of_the_books(table: list[list[int]], value: float) -> None:
    assert kappa(*rated(table)) == pytest.approx(value, abs=0.001)


def test_raters_who_agree_always_have_a_kappa_of_one() -> None:
    assert kappa([True, False], [True, False]) == 1.0


def test_raters_who_never_vary_say_nothing() -> None:
    assert kappa([True, True], [True, True]) == 0.0


def test_the_interval_of_kappa_is_about_that_of_its_standard_error() -> None:
    low, high = kappa_interval(*rated([[20, 5], [10, 15]]))

    assert low == pytest.approx(0.40 - 1.96 * 0.127, abs=0.05)
    assert high == pytest.approx(0.40 + 1.96 * 0.127, abs=0.05)


@pytest.mark.parametrize(
    ("worse", "better", "p"),
    [(150, 86, 3.7e-05), (0, 5, 0.0625), (0, 6, 0.03125), (3, 3, 1.0), (0, 0, 1.0), (1, 9, 0.02148)],
    ids=str,
)
def test_mcnemar_is_exact(worse: int, better: int, p: float) -> None:
    """The first: Agresti, Categorical Data Analysis, approval of the prime minister (chi-squared 17.4)."""
    assert mcnemar(worse, better) == pytest.approx(p, rel=0.02)


def test_the_permutation_test_is_fishers_on_darwins_maize() -> None:
    assert paired_permutation(DARWIN_SELFED, DARWIN_CROSSED) == pytest.approx(2 * 863 / 32768, abs=1e-4)


def test_many_pairs_are_drawn_instead_of_all_tried() -> None:
    first = [float(number % 3) for number in range(60)]
    shifted = [value + 1 for value in first]

    assert paired_permutation(first, shifted) < 0.001
    assert paired_permutation(first, first) == 1.0


def test_the_bootstrap_interval_of_a_mean_is_about_that_of_its_standard_error() -> None:
    values = [float(number) for number in range(100)]

    low, high = bootstrap(values, fmean)

    assert (low, high) == pytest.approx((49.5 - 5.66, 49.5 + 5.66), abs=0.6)
