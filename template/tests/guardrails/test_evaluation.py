"""`app eval guardrails`: the shipped texts, the baseline, and files that are wrong."""

import json
from pathlib import Path

import pytest

from app.core.errors import InvalidInput
from app.guardrails.evaluation import CORPUS, LabelledText, Score, evaluate, load_rows
from tests.commands import run_app


def test_the_measures_are_those_of_the_textbook() -> None:
    score = Score("test")
    row = LabelledText(text="x")
    for is_there, is_found, times in [(True, True, 6), (True, False, 2), (False, True, 1), (False, False, 3)]:
        for _ in range(times):
            score.count(row, kind="k", is_there=is_there, is_found=is_found)

    assert (score.precision, score.recall, score.false_positive_rate) == (6 / 7, 6 / 8, 1 / 4)


def test_the_held_out_texts_are_none_of_those_that_rules_are_written_for() -> None:
    texts = {
        part: {
            row.text for name in ("attacks", "harmless") for row in load_rows(CORPUS / part / f"{name}.yml")
        }
        for part in ("tuning", "held_out")
    }

    assert not texts["tuning"] & texts["held_out"]


def test_the_guards_are_no_worse_than_the_baseline() -> None:
    assert run_app("eval", "guardrails").returncode == 0


def test_a_guard_that_got_worse_is_named_and_fails(tmp_path: Path) -> None:
    baseline = json.loads((CORPUS / "baseline_held_out.json").read_text(encoding="utf-8"))
    baseline["guards"][0]["recall"] = 1.0
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(baseline), encoding="utf-8")

    result = run_app("eval", "guardrails", "--baseline", str(path))

    assert result.returncode == 1
    assert "injection: recall is 0." in result.stderr
    assert "it was 1.000" in result.stderr


def test_a_baseline_of_other_texts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text('{"digest": "0", "part": "held_out", "guards": []}', encoding="utf-8")

    result = run_app("eval", "guardrails", "--baseline", str(path))

    assert result.returncode == 1
    assert "baseline is of other texts" in result.stderr


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "has no rows"),
        ("- {source: user}", "Row 1 of"),
        ("- {source: fax, text: x}", "source"),
        ("- {a: [", "cannot be read"),
    ],
)
def test_a_file_that_is_wrong_is_named(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "attacks.yml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InvalidInput) as raised:
        load_rows(path)

    assert problem in str(raised.value)
    assert "attacks.yml" in str(raised.value)


def test_personal_data_is_scored_by_what_was_found_where() -> None:
    scores = {score.guard: score for score in evaluate("held_out")}

    assert scores["personal_data"].kinds["iban"][1] == 20
    assert not scores["personal_data"].kinds.get("")
