"""What calls may spend, and what they have spent."""

from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from app.llm.settings import LLMSettings

if TYPE_CHECKING:
    from pydantic_ai.usage import RunUsage, UsageLimits


class Budget:
    """Limits shared by all the calls that are given it, also those that run at the same time.

    Without one, each call has a budget of its own from the settings `LLM_MAX_…`. `cost` is in US dollars.
    """

    def __init__(self, *, requests: int, tokens: int, cost: Decimal) -> None:
        self.requests = requests
        self.tokens = tokens
        self.cost = cost

    @classmethod
    def from_settings(cls) -> "Budget":
        """Return a fresh budget with the limits for one call."""
        settings = LLMSettings.load()
        return cls(requests=settings.max_requests, tokens=settings.max_tokens, cost=settings.max_cost)

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
