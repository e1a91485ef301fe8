"""A model as judge, by a rubric. It is trusted as far as it agrees with people, and that is measured."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.errors import InvalidInput, field_errors
from app.evals.annotations import Annotation, label_of
from app.evals.reports import Judged, Report, Verdict
from app.evals.statistics import kappa, kappa_interval, mcnemar
from app.graphs import CaseReport
from app.llm import BrokenAnswer, ContentRefused, InvalidOutput, as_data, default_model, extract, load_prompt

_NO_VERDICT = (BrokenAnswer, ContentRefused, InvalidOutput)
"""Answers that are none. Other errors, such as a key that is rejected, end the evaluation."""
_FEWEST = 10
"""Labels below which nothing can be said about agreement."""


class Rubric(BaseModel):
    """What a judge goes by: a Markdown file with a front matter."""

    model_config = ConfigDict(extra="forbid")

    version: int
    passes_from: int = Field(default=4, ge=1, le=5)
    """The score, of 1 to 5, from which an output passes."""
    trusted_from: float = Field(default=0.6, ge=-1, le=1)
    """Kappa from which the gate trusts the judge; the lower end of its interval must be above 0."""
    text: str = ""

    @property
    def digest(self) -> str:
        """Return what stands for this version."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


class Score(BaseModel):
    """What the judge is asked for."""

    reason: str = Field(description="One sentence: what decides.")
    score: int = Field(ge=1, le=5)


class Choice(BaseModel):
    """What the judge is asked for about two outputs."""

    reason: str = Field(description="One sentence: what decides.")
    better: Literal["first", "second", "same"]


def load_rubric(path: Path) -> Rubric:
    """Read a rubric. Raises `InvalidInput` that says what is wrong with it."""
    try:
        parts = path.read_text(encoding="utf-8").split("---\n", 2)
        header = yaml.safe_load(parts[1]) if len(parts) == 3 else None
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"The rubric {path} cannot be read: {error}.") from None
    if not isinstance(header, dict) or not parts[2].strip():
        raise InvalidInput(f"{path} must have a front matter between two lines '---', and a text.")
    try:
        return Rubric.model_validate({**header, "text": parts[2].strip()})
    except ValidationError as error:
        raise InvalidInput(f"The front matter of {path} is wrong.", fields=field_errors(error)) from None


async def judge(
    report: Report,
    rubric: Rubric,
    annotations: list[Annotation],
    *,
    model: str | None = None,
    parallel: int = 4,
) -> Judged:
    """Let the judge score every output, and measure how far people agree with it."""
    limit = asyncio.Semaphore(parallel)

    async def one(case: CaseReport) -> Verdict | None:
        async with limit:
            return await _score(case, rubric, model)

    found = await asyncio.gather(*map(one, report.cases))
    verdicts = {case.name: verdict for case, verdict in zip(report.cases, found, strict=True) if verdict}
    judged = Judged(
        model=model or default_model(),
        rubric=rubric.digest,
        verdicts=verdicts,
        unusable=found.count(None),
    )
    return _with_agreement(judged, report, rubric, annotations)


async def _score(case: CaseReport, rubric: Rubric, model: str | None) -> Verdict | None:
    """Return the judge's verdict; None if what it says is none: that is counted, not scored."""
    instructions = load_prompt("evals.judge").render(rubric=rubric.text)
    try:
        score = (await extract(_shown(case), Score, instructions=instructions, model=model)).output
    except _NO_VERDICT:
        return None
    return Verdict(passes=score.score >= rubric.passes_from, score=score.score, reason=score.reason)


def _shown(case: CaseReport) -> str:
    given = as_data("input", json.dumps(case.input, ensure_ascii=False))
    return f"{given}\n\n{as_data('output', _output(case))}"


def _output(case: CaseReport) -> str:
    return case.error or json.dumps(case.output, ensure_ascii=False)


def _with_agreement(judged: Judged, report: Report, rubric: Rubric, annotations: list[Annotation]) -> Judged:
    pairs = [
        (label.passes, judged.verdicts[case.name].passes)
        for case in report.cases
        if case.name in judged.verdicts and (label := label_of(annotations, case))
    ]
    if not pairs:
        return judged
    people, machine = zip(*pairs, strict=True)
    low, high = kappa_interval(people, machine)
    value = kappa(people, machine)
    is_trusted = len(pairs) >= _FEWEST and value >= rubric.trusted_from and low > 0
    return judged.model_copy(
        update={"kappa": value, "interval": (low, high), "labelled": len(pairs), "trusted": is_trusted}
    )


@dataclass(frozen=True)
class Preferences:
    """Which of two variants a judge prefers."""

    first: int
    second: int
    same: int
    """Neither, or another one when the positions were swapped."""
    unusable: int

    @property
    def p(self) -> float:
        """Return how likely this is by chance (sign test)."""
        return mcnemar(self.first, self.second)


async def prefer(
    before: Report, after: Report, rubric: Rubric, *, model: str | None = None, parallel: int = 4
) -> Preferences:
    """Let the judge choose between two outputs of each case, twice with the positions swapped."""
    limit = asyncio.Semaphore(parallel)
    others = {case.name: case for case in after.cases}
    pairs = [(case, others[case.name]) for case in before.cases if case.name in others]

    async def one(first: CaseReport, second: CaseReport) -> str | None:
        async with limit:
            return _agreed(
                [await _choose(first, second, rubric, model), await _choose(second, first, rubric, model)]
            )

    found = await asyncio.gather(*(one(*pair) for pair in pairs))
    return Preferences(*(found.count(each) for each in ("first", "second", "same", None)))


def _agreed(choices: Sequence[str | None]) -> str | None:
    """Return what was chosen both times, as seen from the first order."""
    straight, swapped = choices
    if straight is None or swapped is None:
        return None
    turned = {"first": "second", "second": "first", "same": "same"}[swapped]
    return straight if straight == turned else "same"


async def _choose(first: CaseReport, second: CaseReport, rubric: Rubric, model: str | None) -> str | None:
    instructions = load_prompt("evals.prefer").render(rubric=rubric.text)
    given = as_data("input", json.dumps(first.input, ensure_ascii=False))
    prompt = f"{given}\n\n{as_data('first', _output(first))}\n\n{as_data('second', _output(second))}"
    try:
        return (await extract(prompt, Choice, instructions=instructions, model=model)).output.better
    except _NO_VERDICT:
        return None
