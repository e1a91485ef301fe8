"""Evaluations that were interrupted: what they had found by then is taken up by the next one like them."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from app.graphs.evals import CaseReport


class _Line(BaseModel):
    report: CaseReport
    prompts: dict[str, int | None]
    """Those that were used by then, with their versions."""


class Unfinished:
    """The reports of an evaluation so far, a line each."""

    def __init__(self, folder: Path, system: str, *what: str) -> None:
        """`what` is all that the reports depend on: cases, checks and scoring, the model, the prompts."""
        self.prompts: dict[str, int | None] = {}
        key = hashlib.sha256("\n".join(what).encode()).hexdigest()[:12]
        self._path = folder / f"{system}-{key}.unfinished.jsonl"

    def load(self) -> list[CaseReport]:
        """Return what is there, and take up its `prompts`. A line that was cut off is left out."""
        if not self._path.exists():
            return []
        text = self._path.read_text(encoding="utf-8", errors="replace")
        lines = [line for raw in text.split("\n") if (line := _line(raw))]
        for line in lines:
            self.prompts |= line.prompts
        return [line.report for line in lines]

    def add(self, report: CaseReport, prompts: Mapping[str, int | None]) -> None:
        """Keep a report. One that failed is tried again the next time."""
        self.prompts |= prompts
        if report.error:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = _Line(report=report, prompts=self.prompts).model_dump_json()
        with self._path.open("a", encoding="utf-8") as file:
            # on a line of its own, whatever an interruption has left of the last one
            file.write(f"\n{line}\n")

    def forget(self) -> None:
        """Forget them: the evaluation has ended."""
        self._path.unlink(missing_ok=True)


def _line(text: str) -> _Line | None:
    try:
        return _Line.model_validate_json(text)
    except ValidationError:
        return None


def in_order(reports: Sequence[CaseReport], names: Sequence[str]) -> list[CaseReport]:
    """Return reports in the order of the cases."""
    places = {name: place for place, name in enumerate(names)}
    return sorted(reports, key=lambda report: places.get(report.name, len(places)))
