"""The reports of `app eval answers`, read again."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from app.core.errors import InvalidInput, field_errors
from app.graphs import CaseReport


class Verdict(BaseModel):
    """What a judge says of a case."""

    passes: bool
    score: int
    reason: str = ""


class Judged(BaseModel):
    """What a judge says of a report, and how far people agree with it."""

    model: str
    rubric: str
    """What stands for this version of the rubric."""
    verdicts: dict[str, Verdict]
    unusable: int
    """Answers of the judge that were no verdict."""
    kappa: float | None = None
    interval: tuple[float, float] | None = None
    labelled: int = 0
    """Cases that people have labelled too."""
    trusted: bool = False


class Report(BaseModel):
    """An evaluation of a system."""

    system: str
    model: str
    digest: str
    """What stands for the version of the cases."""
    prompts: dict[str, int | None] = {}
    cases: list[CaseReport]
    cost: str
    judged: Judged | None = None

    def values(self, field: str) -> dict[str, bool]:
        """Return whether a field is right, by case."""
        return {case.name: case.scores[field] for case in self.cases if field in case.scores}

    def fields(self) -> list[str]:
        """Return all that is scored."""
        return list(dict.fromkeys(field for case in self.cases for field in case.scores))


def load_report(path: Path) -> Report:
    """Read a report. Raises `InvalidInput` that says what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.") from None
    try:
        report = Report.model_validate_json(text)
    except ValidationError as error:
        raise InvalidInput(
            f"{path} is no report of `app eval answers`.", fields=field_errors(error)
        ) from None
    names = [case.name for case in report.cases]
    if not names or len(names) > len(set(names)) or not all(case.scores for case in report.cases):
        raise InvalidInput(f"{path} must have cases, each of them once, and scores of each.")
    return report


def save_report(path: Path, report: Report) -> None:
    """Write a report. The file that was there stays until all is written."""
    written = path.with_name(f"{path.name}.new")
    written.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    written.replace(path)


def as_baseline(report: Report) -> dict[str, Any]:
    """Return what is compared with later: no outputs, reasons and times, which would change at each run."""
    judged = report.judged and report.judged.model_dump(
        mode="json", exclude={"verdicts": {"__all__": {"reason"}}}
    )
    return {
        "system": report.system,
        "model": report.model,
        "digest": report.digest,
        "prompts": report.prompts,
        "cases": [
            {
                "name": case.name,
                "input": {},
                "scores": case.scores,
                "error": case.error,
                "cost": str(case.cost),
                "seconds": 0.0,
            }
            for case in report.cases
        ],
        "cost": report.cost,
        **({"judged": judged} if judged else {}),
    }
