"""What calls may spend, and what they have spent."""

from dataclasses import dataclass
from decimal import Decimal

from app.llm.settings import LLMSettings


@dataclass
class Spent:
    """What calls have taken so far."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal = Decimal(0)
    """US dollars, without those of models whose price is not known."""

    @property
    def tokens(self) -> int:
        """Tokens, in and out."""
        return self.input_tokens + self.output_tokens


class Budget:
    """Limits shared by all the calls that are given it, also those that run at the same time.

    Without one, each call has a budget of its own from the settings `LLM_MAX_…`. `cost` is in US dollars. The
    number of requests is never exceeded. What a request takes is known when it is done: those that are under
    way at the same time may together exceed tokens and cost.
    """

    def __init__(self, *, requests: int, tokens: int, cost: Decimal) -> None:
        self.requests = requests
        self.tokens = tokens
        self.cost = cost
        self.spent = Spent()
        self._begun = 0

    @classmethod
    def from_settings(cls) -> "Budget":
        """Return a fresh budget with the limits for one call."""
        settings = LLMSettings.load()
        return cls(requests=settings.max_requests, tokens=settings.max_tokens, cost=settings.max_cost)

    def begin_request(self) -> None:
        """Count a request before it is made. Raises `BudgetExceeded`."""
        self.check()
        if self._begun >= self.requests:
            raise _exceeded(f"More than {self.requests} requests to models would be made.")
        self._begun += 1

    def undo_request(self) -> None:
        """Take back a request that failed."""
        self._begun -= 1

    def add(self, *, input_tokens: int, output_tokens: int, cost: Decimal | None) -> None:
        """Add what a request has taken."""
        self.spent.requests += 1
        self.spent.input_tokens += input_tokens
        self.spent.output_tokens += output_tokens
        self.spent.cost += cost or 0

    def check(self) -> None:
        """Raise `BudgetExceeded` if more has been spent than may be."""
        if self.spent.tokens > self.tokens:
            raise _exceeded(f"{self.spent.tokens} tokens were used: the limit is {self.tokens}.")
        if self.spent.cost > self.cost:
            raise _exceeded(f"${self.spent.cost} was spent: the limit is ${self.cost}.")


def _exceeded(detail: str) -> Exception:
    from app.llm.errors import BudgetExceeded

    return BudgetExceeded(
        detail,
        hint="The limits are those of the workflow, or else LLM_MAX_REQUESTS, LLM_MAX_TOKENS and "
        "LLM_MAX_COST.",
    )
