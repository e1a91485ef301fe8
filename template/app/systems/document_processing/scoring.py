"""What was read rightly out of a document."""

from collections.abc import Mapping
from typing import Any

from app.graphs import Observed
from app.systems.document_processing.schemas import Result


def score(observed: Observed, expected: Mapping[str, Any]) -> dict[str, bool]:
    """Say of each expected field whether it is right."""
    if "problem" in expected:
        question = observed.question or {"problems": []}
        return {"problem": any(expected["problem"] in problem for problem in question["problems"])}
    result: Result | None = observed.output
    found = {
        "status": result and result.status,
        "kind": result and result.kind,
        "total": str(result.invoice.total) if result and result.invoice else None,
        "parties": len(result.contract.parties) if result and result.contract else None,
    }
    return {name: found[name] == value for name, value in expected.items()}
