"""Labelled cases against a model: what goes in, what has to come out, and what came.

A workflow has them in `evals/cases.jsonl` beside it. `score(observed, expected)` in its `scoring.py` says of
each expected field whether it is right.
"""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from app.core.errors import AppError, InvalidInput, NotFound, available, field_errors
from app.core.paths import ROOT
from app.graphs.dry_run import dry_run
from app.graphs.extensions import CASE_CHECKS, Checking
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
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise InvalidInput(f"{path.relative_to(ROOT)} has no cases.")
    cases = tuple(_case(path, number, line) for number, line in lines)
    if twice := [name for name, times in Counter(case.name for case in cases).items() if times > 1]:
        raise InvalidInput(f"{path.relative_to(ROOT)} has more than one case named {twice[0]!r}.")
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


@dataclass(frozen=True)
class _Ready:
    """A case that can be run: nothing about it is wrong."""

    case: Case
    data: BaseModel
    checks: tuple[Checking, ...]


def _prepare(labelled: Labelled, case: Case) -> _Ready:
    try:
        data: BaseModel = labelled.graph.input.model_validate(case.input)
        checks = tuple(check(labelled.folder, case.checks) for check in CASE_CHECKS.load().values())
    except ValidationError as wrong:
        raise InvalidInput(f"The input of case {case.name!r} is wrong.", fields=field_errors(wrong)) from None
    except InvalidInput as wrong:
        raise InvalidInput(
            f"Case {case.name!r}: {wrong.detail}", hint=wrong.hint, fields=wrong.fields
        ) from None
    return _Ready(case, data, checks)


async def evaluate(labelled: Labelled, case: Case) -> CaseReport:
    """Run one case, without effects. What goes wrong is a part of the report: then no field is right."""
    return await _evaluate(labelled, _prepare(labelled, case))


async def _evaluate(labelled: Labelled, ready: _Ready) -> CaseReport:
    case = ready.case
    with dry_run():
        observed = await observe(labelled.graph, ready.data)
    scores = dict(labelled.score(observed, case.expected)) if case.expected else {}
    for title, holds in (found for check in ready.checks for found in check(observed)):
        scores[_free(title, scores)] = holds
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


def _free(title: str, taken: Mapping[str, bool]) -> str:
    """Return the title, with a number if something else is scored under it."""
    numbered = (f"{title} ({number})" for number in count(2))
    return title if title not in taken else next(each for each in numbered if each not in taken)


async def evaluate_all(
    labelled: Labelled, cases: Sequence[Case], parallel: int
) -> AsyncGenerator[CaseReport, None]:
    """Run cases, some at the same time, and yield each report as it comes.

    Raises `InvalidInput` before any is run, if a case or a check is wrong.
    """
    limit = asyncio.Semaphore(parallel)

    async def one(ready: _Ready) -> CaseReport:
        async with limit:
            return await _evaluate(labelled, ready)

    prepared = [_prepare(labelled, case) for case in cases]
    tasks = [asyncio.create_task(one(ready)) for ready in prepared]
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
