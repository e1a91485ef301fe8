"""The labelled cases of the systems: what goes in, and what has to come out."""

import json
from pathlib import Path
from typing import Any

from app.core.paths import APP

Case = dict[str, Any]


def load_cases(system: str) -> list[Case]:
    """Return the cases of a system."""
    path: Path = APP / "systems" / system / "evals" / "cases.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def name_of(case: Case) -> str:
    """Return what a case is about, for the report of the tests."""
    return str(case["name"])
