"""Labelled cases against a model: what goes in, what has to come out, and what came.

A workflow has them in `evals/cases.jsonl` beside it. `score(observed, expected)` in its `scoring.py` says of
each expected field whether it is right.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from app.core.dry_run import dry_run
from app.core.errors import AppError, NotFound
from app.core.registry import load_features
from app.workflows.flow import Flow, Observed, observe

Case = Mapping[str, Any]
Score = Callable[[Observed, Mapping[str, Any]], dict[str, bool]]


@dataclass(frozen=True)
class Labelled:
    """A workflow with its cases."""

    flow: Flow[Any, Any]
    cases: tuple[Case, ...]
    score: Score


def load_labelled(name: str) -> Labelled:
    """Return a workflow with its cases. Raises `NotFound` that names those that have some."""
    known = {}
    for feature in load_features():
        for workflow in feature.workflows:
            if (feature.folder / "evals" / "cases.jsonl").exists():
                known[workflow] = feature
    if name not in known:
        raise NotFound(f"{name!r} has no labelled cases.", hint=f"These have: {', '.join(known) or 'none'}.")
    package = f"app.{known[name].name}"
    lines = (known[name].folder / "evals" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    return Labelled(
        flow=import_module(f"{package}.workflow").flow,
        cases=tuple(json.loads(line) for line in lines),
        score=import_module(f"{package}.scoring").score,
    )


@dataclass(frozen=True)
class CaseReport:
    """How one case came out."""

    name: str
    scores: Mapping[str, bool]
    error: str | None
    cost: Decimal
    seconds: float

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON."""
        return {
            "name": self.name,
            "scores": dict(self.scores),
            "error": self.error,
            "cost": str(self.cost),
            "seconds": round(self.seconds, 3),
        }


async def evaluate(labelled: Labelled, case: Case) -> CaseReport:
    """Run one case, without effects. What goes wrong is a part of the report: then no field is right."""
    data = labelled.flow.input.model_validate(case["input"])
    with dry_run():
        observed = await observe(labelled.flow, data)
    scores = labelled.score(observed, case["expected"])
    error = str(observed.error) if isinstance(observed.error, AppError) else None
    return CaseReport(str(case["name"]), scores, error, observed.cost, observed.seconds)


def rates(reports: Iterable[CaseReport]) -> dict[str, tuple[int, int]]:
    """Return for each field how often it was right, and of how many."""
    counts: dict[str, tuple[int, int]] = {}
    for report in reports:
        for field, is_right in report.scores.items():
            right, all_ = counts.get(field, (0, 0))
            counts[field] = (right + is_right, all_ + 1)
    return counts


def save(folder: Path, name: str, document: Mapping[str, object]) -> Path:
    """Write a report, and return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path
