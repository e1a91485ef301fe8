"""What of a report is right."""

from collections.abc import Mapping
from typing import Any

from app.graphs import Observed
from app.systems.multi_agent.schemas import Report


def score(observed: Observed, expected: Mapping[str, Any]) -> dict[str, bool]:
    """Say of each expected field whether it is right."""
    report: Report | None = observed.output
    if report is None:
        return dict.fromkeys(("sources", "answered", "problems"), False)
    names = {source.name for source in report.sources}
    found = {
        "sources": set(expected["sources"]) <= names,
        "answered": bool(report.sources) == expected["answered"],
        "problems": report.problems == [],
    }
    if "not_said" in expected:
        found["not_said"] = expected["not_said"] not in report.answer
    return found
