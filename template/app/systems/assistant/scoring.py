"""What of an answer of the assistant is right."""

from collections.abc import Mapping
from typing import Any

from app.graphs import Observed


def score(observed: Observed, expected: Mapping[str, Any]) -> dict[str, bool]:
    """Say of each expected field whether it is right."""
    reply = observed.output.reply if observed.output else ""
    found = {"by": observed.output is not None and observed.output.by == expected["by"]}
    if "reply" in expected:
        found["reply"] = reply == expected["reply"]
    if "contains" in expected:
        found["contains"] = expected["contains"] in reply
    return found
