"""Reports compared, and the gate."""

import json
from pathlib import Path

import pytest

from app.core.errors import InvalidInput
from app.evals.comparing import compare
from app.evals.reports import Judged, Report, Verdict, as_baseline
from tests.commands import run_app
from tests.evals.reports import report, write


def test_what_changed_is_named_with_how_likely_it_is_by_chance() -> None:
    comparison = compare(report([True] * 10), report([True] * 3 + [False] * 7))

    row = comparison.rows[0]
    assert (row.field, row.before, row.after) == ("reply", 1.0, 0.3)
    assert row.worse == tuple(f"case {number}" for number in range(3, 10))
    assert row.p == pytest.approx(2 / 2**7)
    assert [each.field for each in comparison.regressions(0.05)] == ["reply", "all"]


def test_a_change_that_may_be_noise_is_no_regression() -> None:
    comparison = compare(report([True] * 10), report([True] * 8 + [False] * 2))

    assert not comparison.regressions(0.05)


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({"digest": "d2"}, "different versions of the cases"),
        ({"system": "automation"}, "the other of automation"),
    ],
)
def test_only_reports_of_the_same_cases_are_compared(other: dict[str, str], problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        compare(report([True]), report([True], **other))


def test_the_gate_stops_a_regression_and_writes_what_it_saw(tmp_path: Path) -> None:
    before = write(tmp_path, "before", report([True] * 10))
    after = write(tmp_path, "after", report([False] * 10))
    comment, picture = tmp_path / "comment.md", tmp_path / "picture.svg"

    done = run_app(
        *("eval", "gate", after, "--baseline", before, "--markdown", str(comment), "--svg", str(picture))
    )

    assert done.returncode == 1
    assert "reply was 1.000 and is 0.000" in done.stderr
    assert "now wrong: case 3 (reply)" in comment.read_text(encoding="utf-8")
    assert picture.read_text(encoding="utf-8").count("<rect") == 4


def test_the_gate_lets_noise_pass_but_not_when_it_is_strict(tmp_path: Path) -> None:
    before = write(tmp_path, "before", report([True] * 10))
    after = write(tmp_path, "after", report([True] * 9 + [False]))

    assert run_app("eval", "gate", after, "--baseline", before).returncode == 0
    strict = run_app("eval", "gate", after, "--baseline", before, "--strict")
    assert (strict.returncode, "case 9: reply was right." in strict.stderr) == (1, True)


def test_the_gate_stops_a_report_that_lacks_cases_or_scores(tmp_path: Path) -> None:
    before, now = report([True] * 3), report([True] * 2)
    before.cases[0].scores["cost"] = True

    done = run_app(
        *("eval", "gate", write(tmp_path, "after", now), "--baseline", write(tmp_path, "before", before))
    )

    assert done.returncode == 1
    assert "lacks case 0: cost." in done.stderr
    assert "lacks case 2." in done.stderr


def test_the_gate_counts_a_judge_that_is_trusted(tmp_path: Path) -> None:
    before = write(
        tmp_path, "before", Report.model_validate(as_baseline(judged(report([True] * 10), [True] * 10)))
    )
    after = write(tmp_path, "after", judged(report([True] * 10), [False] * 10))

    done = run_app("eval", "gate", after, "--baseline", before)

    assert done.returncode == 1
    assert "judge was 1.000 and is 0.000" in done.stderr


def judged(made: Report, passes: list[bool]) -> Report:
    """Return a report with what a trusted judge says."""
    verdicts = {
        each.name: Verdict(passes=passed, score=5 if passed else 1, reason="so")
        for each, passed in zip(made.cases, passes, strict=True)
    }
    said = Judged(model="test:judge", rubric="r1", verdicts=verdicts, unusable=0, kappa=0.9, trusted=True)
    return made.model_copy(update={"judged": said})


@pytest.mark.parametrize("alpha", ["nan", "inf", "0"])
def test_the_gate_refuses_an_alpha_that_would_stop_nothing(alpha: str, tmp_path: Path) -> None:
    path = write(tmp_path, "before", report([True]))

    done = run_app("eval", "gate", path, "--baseline", path, "--alpha", alpha)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_comparing_prints_one_document(tmp_path: Path) -> None:
    before = write(tmp_path, "before", report([True] * 4))

    done = run_app("eval", "compare", before, before, "--json")

    assert [row["field"] for row in json.loads(done.stdout)["rows"]] == ["reply", "all", "cost", "seconds"]


@pytest.mark.parametrize("text", ["", "{}", '{"system": "x"}', "[]"])
def test_a_file_that_is_no_report_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")

    done = run_app("eval", "compare", str(path), str(path))

    assert done.returncode == 1
    assert "x.json is no report of `app eval answers`" in done.stderr
