"""Evaluations that were interrupted: what they had found by then is taken up by the next one like them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from app.graphs.evals import CaseReport


class Unfinished:
    """The reports of an evaluation so far, a line each."""

    def __init__(self, folder: Path, system: str, *what: str) -> None:
        """`what` is all that the reports depend on: the cases, the model, the prompts."""
        key = hashlib.sha256("\n".join(what).encode()).hexdigest()[:12]
        self._path = folder / f"{system}-{key}.unfinished.jsonl"

    def load(self) -> list[CaseReport]:
        """Return what is there. A line that was cut off is left out."""
        if not self._path.exists():
            return []
        lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
        return [CaseReport.model_validate_json(line) for line in lines if line.endswith("}\n")]

    def add(self, report: CaseReport) -> None:
        """Keep a report. One that failed is tried again the next time."""
        if report.error:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(report.model_dump_json() + "\n")

    def forget(self) -> None:
        """Forget them: the evaluation has ended."""
        self._path.unlink(missing_ok=True)


def in_order(reports: Sequence[CaseReport], names: Sequence[str]) -> list[CaseReport]:
    """Return reports in the order of the cases."""
    places = {name: place for place, name in enumerate(names)}
    return sorted(reports, key=lambda report: places.get(report.name, len(places)))
