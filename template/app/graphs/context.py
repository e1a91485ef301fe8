"""What the nodes of one run share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from app.llm import Budget


@dataclass
class Context:
    """Grows while a workflow runs. A node reads what it names as parameters; it seldom needs all of this."""

    input: BaseModel
    budget: Budget
    """What all model calls of the run may spend together."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """The output of each node that has run, by its name."""
    notes: list[str] = field(default_factory=list)
    """What nodes want people to know, such as a rule that decided."""
    cost: Decimal = Decimal(0)
    """US dollars that the model calls have cost so far, as far as prices are known."""

    ceiling: Decimal | None = None
    """What `cost` may come to in the node that runs now."""

    def values(self) -> Mapping[str, Any]:
        """Return all that a node's parameters can name."""
        return {**self.outputs, "input": self.input, "context": self}

    def fork(self, **outputs: Any) -> "Context":
        """Return a copy for a part of the run: what it adds is not seen elsewhere until it is joined."""
        known = {**self.outputs, **outputs}
        return Context(self.input, self.budget, known, list(self.notes), self.cost, self.ceiling)

    def join(self, cost: Decimal, notes: Sequence[str]) -> None:
        """Add what a part of the run has cost and noted. Raises `BudgetExceeded` above the ceiling."""
        self.cost += cost
        self.notes += notes
        self.check_cost()

    def check_cost(self) -> None:
        """Raise `BudgetExceeded` above the ceiling."""
        if self.ceiling is not None and self.cost > self.ceiling:
            from app.llm.errors import BudgetExceeded

            raise BudgetExceeded("A node of the workflow has cost more than it may.")

    def since(self, start: "Context") -> tuple[Decimal, list[str]]:
        """Return what this copy of a context has cost and noted."""
        return self.cost - start.cost, self.notes[len(start.notes) :]
