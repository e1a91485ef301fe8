"""What features plug into graphs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.core.registry import FUNCTION, ExtensionPoint
from app.graphs.graph import Observed

CaseCheck = Callable[[Path, Sequence[Mapping[str, Any]], Observed], dict[str, bool]]
"""Takes the workflow's `evals` folder, the case's own checks and how it ended; returns what holds."""

CASE_CHECKS: ExtensionPoint[CaseCheck] = ExtensionPoint(
    "graphs.case_checks", FUNCTION, "What is checked of each labelled case besides the workflow's scoring."
)
