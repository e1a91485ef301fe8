"""Labelled cases against a model: what goes in, what has to come out, and what came.

A workflow has them in `evals/cases.jsonl` beside it. `score(observed, expected)` in its `scoring.py` says of
each expected field whether it is right.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from app.core.errors import AppError, InvalidInput, NotFound, available, field_errors
from app.core.paths import ROOT
from app.graphs.dry_run import dry_run
from app.graphs.extensions import CASE_CHECKS
from app.graphs.graph import Graph, Observed, observe
from app.workflows import WORKFLOWS

Score = Callable[[Observed, Mapping[str, Any]], dict[str, bool]]
_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


class Case(BaseModel):
    """A line of `cases.jsonl`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    input: dict[str, Any]
    expected: dict[str, Any] = {}
    """Without any, only that it does not fail counts."""
    checks: tuple[dict[str, Any], ...] = ()
    """What else must hold: see the features that extend `graphs.case_checks`."""
    note: str = ""
    """Why it is here."""


@dataclass(frozen=True)
class Labelled:
    """A workflow with its cases."""

    graph: Graph[Any, Any]
    cases: tuple[Case, ...]
    score: Score
    folder: Path
    """The workflow's `evals`."""
    digest: str
    """What stands for this version of the cases."""


def load_labelled(name: str) -> Labelled:
    """Return a workflow with its cases.

    Raises `NotFound` that names those that have some, `InvalidInput` that names the line that is wrong.
    """
    folder = evals_folder(name)
    graph = _graph(name)
    path = folder / "cases.jsonl"
    text = path.read_text(encoding="utf-8")
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise InvalidInput(f"{path.relative_to(ROOT)} has no cases.")
    cases = tuple(_case(path, number, line) for number, line in lines)
    package = WORKFLOWS.targets()[name].rpartition(".")[0]
    return Labelled(
        graph=graph,
        cases=cases,
        score=import_module(f"{package}.scoring").score,
        folder=folder,
        digest=hashlib.sha256(text.encode()).hexdigest()[:16],
    )


def _graph(name: str) -> Graph[Any, Any]:
    found = WORKFLOWS.get(name)
    if not isinstance(found, Graph):
        raise NotFound(f"{name!r} is no graph.")
    return found


def evals_folder(name: str) -> Path:
    """Return the folder of a workflow's cases. Raises `NotFound` that names those that have some."""
    folders = {workflow: _folder(target) / "evals" for workflow, target in WORKFLOWS.targets().items()}
    known = [workflow for workflow, folder in folders.items() if (folder / "cases.jsonl").exists()]
    if name not in known:
        raise NotFound(f"{name!r} has no labelled cases.", hint=available(known))
    return folders[name]


def _folder(target: str) -> Path:
    """Return the folder of the module in an import string."""
    return ROOT.joinpath(*target.partition(":")[0].split(".")[:-1])


def _case(path: Path, number: int, line: str) -> Case:
    where = f"Line {number} of {path.relative_to(ROOT)}"
    try:
        return Case.model_validate_json(line)
    except ValidationError as error:
        raise InvalidInput(f"{where} is wrong.", fields=field_errors(error)) from None


class CaseReport(BaseModel):
    """How one case came out."""

    name: str
    input: dict[str, Any]
    output: Any = None
    """What the workflow gave, or what it asks a person."""
    scores: dict[str, bool]
    error: str | None
    cost: Decimal
    """US dollars."""
    seconds: float


async def evaluate(labelled: Labelled, case: Case) -> CaseReport:
    """Run one case, without effects. What goes wrong is a part of the report: then no field is right."""
    try:
        data = labelled.graph.input.model_validate(case.input)
    except ValidationError as wrong:
        raise InvalidInput(f"The input of case {case.name!r} is wrong.", fields=field_errors(wrong)) from None
    with dry_run():
        observed = await observe(labelled.graph, data)
    scores = labelled.score(observed, case.expected) if case.expected else {}
    for check in CASE_CHECKS.load().values():
        scores |= check(labelled.folder, case.checks, observed)
    error = str(observed.error) if isinstance(observed.error, AppError) else None
    if not scores:
        scores = {"no_error": error is None}
    output = observed.question if observed.output is None else observed.output
    return CaseReport(
        name=case.name,
        input=case.input,
        output=_ANYTHING.dump_python(output, mode="json"),
        scores=scores,
        error=error,
        cost=observed.cost,
        seconds=round(observed.seconds, 3),
    )


async def evaluate_all(
    labelled: Labelled, cases: Sequence[Case], parallel: int
) -> AsyncGenerator[CaseReport, None]:
    """Run cases, some at the same time, and yield each report as it comes."""
    limit = asyncio.Semaphore(parallel)

    async def one(case: Case) -> CaseReport:
        async with limit:
            return await evaluate(labelled, case)

    tasks = [asyncio.create_task(one(case)) for case in cases]
    try:
        for finished in asyncio.as_completed(tasks):
            yield await finished
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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
