"""What of a support e-mail was dealt with rightly."""

from collections.abc import Mapping
from typing import Any

from app.graphs import Observed
from app.systems.automation.schemas import Outcome


def score(observed: Observed, expected: Mapping[str, Any]) -> dict[str, bool]:
    """Say of each expected field whether it is right."""
    if "waits" in expected:
        return {"waits": observed.question is not None}
    outcome: Outcome | None = observed.output
    if outcome is None:
        return dict.fromkeys(expected, False)
    reply, action = outcome.reply or "", outcome.action
    found = {
        "route": outcome.route == expected["route"],
        "action": (action.type if action else None) == expected.get("action"),
    }
    if "reply" in expected:
        found["reply"] = expected["reply"] in reply
    if "not_in_reply" in expected:
        found["not_in_reply"] = expected["not_in_reply"] not in reply
    if "amount" in expected:
        found["amount"] = action is not None and action.data["amount"] == expected["amount"]
    return found
