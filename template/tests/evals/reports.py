"""Reports for tests."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.evals.reports import Report
from app.graphs import CaseReport


def case(name: str, *, right: bool = True, output: Any = "an answer", seconds: float = 1.0) -> CaseReport:
    return CaseReport(
        name=name,
        input={"message": name},
        output=output,
        scores={"reply": right},
        error=None,
        cost=Decimal("0.01"),
        seconds=seconds,
    )


def report(rights: list[bool], **more: Any) -> Report:
    """Return a report of a system whose cases are right or not."""
    cases = [case(f"case {number}", right=right) for number, right in enumerate(rights)]
    known = {"system": "assistant", "model": "test:model", "digest": "d1", "cost": "0.01"}
    return Report.model_validate({**known, "cases": cases, **more})


def write(folder: Path, name: str, made: Report) -> str:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(made.model_dump(mode="json")), encoding="utf-8")
    return str(path)
