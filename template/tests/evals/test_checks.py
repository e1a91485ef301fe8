"""Checks by code."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from app.core.errors import InvalidInput
from app.evals.checks import Check, case_checks
from app.graphs import Observed


class Invoice(BaseModel):
    total: Decimal
    lines: list[str]


OUTPUT = Invoice(total=Decimal("119.00"), lines=["lamp [1]", "desk"])


@pytest.mark.parametrize(
    ("check", "output", "holds"),
    [
        ({"field": "total", "equals": "119.00"}, OUTPUT, True),
        ({"field": "total", "near": 119.0, "within": 0.01}, OUTPUT, True),
        ({"field": "total", "near": 120.0, "within": 0.01}, OUTPUT, False),
        ({"field": "lines.1", "equals": "desk"}, OUTPUT, True),
        ({"field": "lines.7", "equals": "desk"}, OUTPUT, False),
        ({"field": "missing", "lacks": "x"}, OUTPUT, False),
        ({"contains": "lamp"}, OUTPUT, True),
        ({"lacks": "lamp"}, OUTPUT, False),
        ({"regex": "^The .* is 5\\.$"}, "The answer is 5.", True),
        ({"near": 1.0}, "no number", False),
        ({"similar": "The answer is five.", "at_least": 0.8}, "The answer is 5.", True),
        ({"similar": "Something else"}, "The answer is 5.", False),
        ({"json_schema": {"type": "object", "required": ["total"]}}, OUTPUT, True),
        ({"json_schema": {"type": "array"}}, '{"a": 1}', False),
        ({"field": "text", "citations": "sources"}, {"text": "So [1] and [2].", "sources": ["a", "b"]}, True),
        ({"field": "text", "citations": "sources"}, {"text": "So [3].", "sources": ["a", "b"]}, False),
        ({"field": "text", "citations": "sources"}, {"text": "So.", "sources": ["a"]}, False),
        ({"contains": "lamp", "lacks": "chair"}, OUTPUT, True),
    ],
)
def test_a_check_holds_or_not(check: dict[str, Any], output: Any, holds: bool) -> None:
    assert Check.model_validate(check).holds(output) is holds


def test_cost_and_time_have_limits() -> None:
    check = Check(max_cost=Decimal("0.02"), max_seconds=2)

    assert check.holds("x", cost=Decimal("0.02"), seconds=1.9)
    assert not check.holds("x", cost=Decimal("0.03"))
    assert not check.holds("x", seconds=2.1)


def test_a_case_is_held_against_the_checks_of_its_system_and_its_own(tmp_path: Path) -> None:
    (tmp_path / "checks.yml").write_text("- {name: short, regex: '^.{1,20}$'}\n", encoding="utf-8")
    observed = Observed(output="five", question=None, error=None, cost=Decimal(0), seconds=0.1)

    test = case_checks(tmp_path, [{"contains": "six"}])

    assert test(observed) == [("short", True), ("output:contains", False)]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("- {regex: '('}", "no regular expression"),
        ("- {json_schema: {type: 5}}", "no JSON schema"),
        ("- {contain: x}", "contain"),
        ("a: 1", "no list"),
    ],
)
def test_a_check_that_is_wrong_is_named(row: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "checks.yml").write_text(row, encoding="utf-8")

    with pytest.raises(InvalidInput) as raised:
        case_checks(tmp_path, [])

    assert problem in str(raised.value)
    assert "checks.yml" in str(raised.value)
