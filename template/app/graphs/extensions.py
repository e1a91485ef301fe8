"""What features plug into graphs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.core.registry import FUNCTION, ExtensionPoint
from app.graphs.graph import Observed

Checking = Callable[[Observed], Sequence[tuple[str, bool]]]
"""Takes how a case ended; returns each check's title, and whether it holds."""
CaseCheck = Callable[[Path, Sequence[Mapping[str, Any]]], Checking]
"""Takes the workflow's `evals` folder and the case's own checks. Raises `InvalidInput` if one is wrong."""

CASE_CHECKS: ExtensionPoint[CaseCheck] = ExtensionPoint(
    "graphs.case_checks", FUNCTION, "What is checked of each labelled case besides the workflow's scoring."
)
