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

from app.core.errors import AppError, NotFound, available
from app.core.paths import ROOT
from app.graphs.dry_run import dry_run
from app.graphs.graph import Graph, Observed, observe
from app.workflows import WORKFLOWS

Case = Mapping[str, Any]
Score = Callable[[Observed, Mapping[str, Any]], dict[str, bool]]


@dataclass(frozen=True)
class Labelled:
    """A workflow with its cases."""

    graph: Graph[Any, Any]
    cases: tuple[Case, ...]
    score: Score


def load_labelled(name: str) -> Labelled:
    """Return a workflow with its cases. Raises `NotFound` that names those that have some."""
    folders = {workflow: _folder(target) for workflow, target in WORKFLOWS.targets().items()}
    known = [workflow for workflow, folder in folders.items() if (folder / "evals" / "cases.jsonl").exists()]
    graph = WORKFLOWS.get(name) if name in known else None
    if not isinstance(graph, Graph):
        raise NotFound(f"{name!r} has no labelled cases.", hint=available(known))
    lines = (folders[name] / "evals" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    package = WORKFLOWS.targets()[name].rpartition(".")[0]
    return Labelled(
        graph=graph,
        cases=tuple(json.loads(line) for line in lines),
        score=import_module(f"{package}.scoring").score,
    )


def _folder(target: str) -> Path:
    """Return the folder of the module in an import string."""
    return ROOT.joinpath(*target.partition(":")[0].split(".")[:-1])


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
    data = labelled.graph.input.model_validate(case["input"])
    with dry_run():
        observed = await observe(labelled.graph, data)
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
