"""What calls may spend, and what they have spent."""

from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from app.llm.settings import LLMSettings

if TYPE_CHECKING:
    from pydantic_ai.usage import RunUsage, UsageLimits


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
        self._begun = 0

    @classmethod
    def from_settings(cls) -> "Budget":
        """Return a fresh budget with the limits for one call."""
        settings = LLMSettings.load()
        return cls(requests=settings.max_requests, tokens=settings.max_tokens, cost=settings.max_cost)

    def begin_request(self) -> None:
        """Count a request before it is made. Raises `BudgetExceeded`."""
        if self._begun >= self.requests:
            from app.llm.errors import BudgetExceeded

            raise BudgetExceeded(
                f"More than {self.requests} requests to models would be made.",
                hint="The limits are those of the workflow, or else LLM_MAX_REQUESTS, LLM_MAX_TOKENS and "
                "LLM_MAX_COST.",
            )
        self._begun += 1

    def undo_request(self) -> None:
        """Take back a request that failed."""
        self._begun -= 1

    @cached_property
    def limits(self) -> "UsageLimits":
        """The limits as pydantic-ai has them."""
        from pydantic_ai.usage import UsageLimits

        return UsageLimits(request_limit=self.requests, total_tokens_limit=self.tokens, cost_limit=self.cost)

    @cached_property
    def spent(self) -> "RunUsage":
        """What has been spent, as pydantic-ai counts it."""
        from pydantic_ai.usage import RunUsage

        return RunUsage()
