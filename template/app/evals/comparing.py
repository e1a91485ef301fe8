"""Two reports of the same cases: what changed, and whether that is more than noise."""

from dataclasses import dataclass
from statistics import fmean
from typing import Any

from app.core.errors import InvalidInput
from app.evals.reports import Report
from app.evals.statistics import mcnemar, paired_permutation

JUDGE = "judge"


@dataclass(frozen=True)
class Row:
    """One thing that is scored."""

    field: str
    before: float
    """Which part was right; of cost and seconds the mean."""
    after: float
    worse: tuple[str, ...]
    """Cases that were right and are wrong."""
    better: tuple[str, ...]
    p: float
    """How likely a change like this is by chance (two-sided)."""

    def is_regression(self, alpha: float) -> bool:
        """Whether it got worse by more than noise."""
        return self.after < self.before and self.p < alpha


@dataclass(frozen=True)
class Comparison:
    """Two reports, compared."""

    before: Report
    after: Report
    rows: tuple[Row, ...]
    """Each field, then `all`: which part of a case is right."""
    measures: tuple[Row, ...]
    """Cost, and seconds where both reports have them."""
    missing: tuple[str, ...]
    """What the first has and the second has not: cases, and what is scored."""

    def regressions(self, alpha: float) -> list[Row]:
        """Return what got worse by more than noise."""
        return [row for row in self.rows if row.is_regression(alpha)]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "system": self.after.system,
            "before": {"model": self.before.model, "prompts": self.before.prompts},
            "after": {"model": self.after.model, "prompts": self.after.prompts},
            "rows": [vars(row) for row in (*self.rows, *self.measures)],
            "missing": self.missing,
        }


def compare(before: Report, after: Report) -> Comparison:
    """Compare two reports, case by case. Raises `InvalidInput` if they are not of the same cases."""
    check_comparable(before, after)
    names = [case.name for case in before.cases if case.name in {other.name for other in after.cases}]
    if not names:
        raise InvalidInput("The reports have no case in common.")
    fields = [field for field in after.fields() if field in before.fields()]
    rows = [_field(field, before.values(field), after.values(field)) for field in fields]
    if (trusted := _trusted(before, after)) is not None:
        rows.append(_field(JUDGE, *trusted))
    shares = [[fmean(_of(report, name).scores.values()) for name in names] for report in (before, after)]
    rows.append(_mean("all", *shares))
    costs = [[float(_of(report, name).cost) for name in names] for report in (before, after)]
    seconds = [[_of(report, name).seconds for name in names] for report in (before, after)]
    measures = [_mean("cost", *costs)]
    if any(seconds[0]):  # a baseline has none
        measures.append(_mean("seconds", *seconds))
    return Comparison(before, after, tuple(rows), tuple(measures), _missing(before, after))


def check_comparable(before: Report, after: Report) -> None:
    """Raise `InvalidInput` if two reports are not of the same system and cases."""
    if before.system != after.system:
        raise InvalidInput(f"One report is of {before.system}, the other of {after.system}.")
    if before.digest != after.digest:
        raise InvalidInput(
            "The reports are of different versions of the cases.",
            hint="Run the older one again, or accept a new baseline with `app eval accept`.",
        )


def _missing(before: Report, after: Report) -> tuple[str, ...]:
    scores = {case.name: case.scores for case in after.cases}
    return tuple(
        case.name if case.name not in scores else f"{case.name}: {', '.join(sorted(fields))}"
        for case in before.cases
        if (fields := case.scores.keys() - scores.get(case.name, {}).keys())
    )


def _trusted(before: Report, after: Report) -> tuple[dict[str, bool], dict[str, bool]] | None:
    """Return the verdicts of a judge that is trusted, and that has judged both by the same rubric."""
    first, second = before.judged, after.judged
    if not first or not second or not second.trusted or first.rubric != second.rubric:
        return None
    return (
        {name: verdict.passes for name, verdict in first.verdicts.items()},
        {name: verdict.passes for name, verdict in second.verdicts.items()},
    )


def _of(report: Report, name: str) -> Any:
    return next(case for case in report.cases if case.name == name)


def _field(field: str, before: dict[str, bool], after: dict[str, bool]) -> Row:
    names = [name for name in before if name in after]
    worse = tuple(name for name in names if before[name] and not after[name])
    better = tuple(name for name in names if after[name] and not before[name])
    return Row(
        field,
        fmean(before[name] for name in names) if names else 0.0,
        fmean(after[name] for name in names) if names else 0.0,
        worse,
        better,
        mcnemar(len(worse), len(better)),
    )


def _mean(field: str, before: list[float], after: list[float]) -> Row:
    return Row(field, fmean(before), fmean(after), (), (), paired_permutation(before, after))
