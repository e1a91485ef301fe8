"""Ask every question with every profile, and measure."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, quantiles
from typing import Any

from app.rag.evaluation.datasets import Dataset, Part, Question
from app.rag.evaluation.metrics import MEASURES, interval

Passage = tuple[str, str]
"""The source and the text of a hit."""
Find = Callable[[str, str], Awaitable[Sequence[Passage]]]
"""Returns the hits for a question, with a profile."""


@dataclass(frozen=True)
class Result:
    """How one question came out."""

    question: Question
    values: dict[str, float]
    seconds: float
    found: Sequence[Passage]

    @property
    def failed(self) -> bool:
        """Whether nothing that answers was found; or something, where nothing answers."""
        return not self.values["hit_rate"] if self.question.relevant else bool(self.found)


@dataclass(frozen=True)
class Report:
    """How one profile came out."""

    profile: str
    k: int
    results: list[Result] = field(default_factory=list)

    def values(self, measure: str, tag: str | None = None) -> list[float]:
        """Return the values of a measure for the questions that have an answer, or for those of a tag."""
        return [
            result.values[measure]
            for result in self.results
            if result.question.relevant and (tag is None or tag in result.question.tags)
        ]

    def mean(self, measure: str, tag: str | None = None) -> float:
        """Return the mean of a measure."""
        values = self.values(measure, tag)
        return fmean(values) if values else 0.0

    def tags(self) -> list[str]:
        """Return the tags of the questions."""
        return sorted({tag for result in self.results for tag in result.question.tags})

    def rejected(self) -> float | None:
        """Return for which part of the questions without an answer nothing was found; None without such."""
        without = [not result.found for result in self.results if not result.question.relevant]
        return fmean(without) if without else None

    def milliseconds(self) -> tuple[float, float]:
        """Return p50 and p95 of the time of a search."""
        times = sorted(1000 * result.seconds for result in self.results)
        if len(times) < 2:
            return (times[0], times[0]) if times else (0.0, 0.0)
        cuts = quantiles(times, n=20)
        return cuts[9], cuts[18]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON data."""
        p50, p95 = self.milliseconds()
        return {
            "profile": self.profile,
            "questions": len(self.results),
            "measures": {
                f"{name}@{self.k}": {"mean": self.mean(name), "interval": interval(self.values(name))}
                for name in MEASURES
            },
            "rejected": self.rejected(),
            "milliseconds": {"p50": p50, "p95": p95},
            "tags": {tag: {f"ndcg@{self.k}": self.mean("ndcg", tag)} for tag in self.tags()},
            "failures": [_failure(result) for result in self.results if result.failed],
        }


def _failure(result: Result) -> dict[str, Any]:
    return {
        "question": result.question.question,
        "expected": [label.model_dump() for label in result.question.relevant],
        "found": [
            {"source": source, "text": " ".join(text.split())[:200]} for source, text in result.found[:3]
        ],
    }


async def evaluate(dataset: Dataset, profile: str, find: Find, *, k: int = 10, part: Part = "test") -> Report:
    """Ask the questions of a part with a profile."""
    report = Report(profile, k)
    for question in dataset.of(part):
        started = time.perf_counter()
        found = (await find(question.question, profile))[:k]
        seconds = time.perf_counter() - started
        report.results.append(Result(question, measure(question, found, k), seconds, found))
    return report


def measure(question: Question, found: Sequence[Passage], k: int) -> dict[str, float]:
    """Return each measure of a ranking; zeros for a question without an answer."""
    labels = question.relevant
    if not labels:
        return dict.fromkeys(MEASURES, 0.0)
    ranking = [
        {number for number, label in enumerate(labels) if label.is_fulfilled_by(source, text)}
        for source, text in found
    ]
    return {name: function(ranking, len(labels), k) for name, function in MEASURES.items()}
