"""Reports compared, and the gate."""

import json
from pathlib import Path

import pytest

from app.core.errors import InvalidInput
from app.evals.comparing import compare
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
