"""What calls may spend, and what they have spent."""

from decimal import Decimal

from pydantic_ai.usage import RunUsage, UsageLimits

from app.llm.settings import LLMSettings


class Budget:
    """Limits shared by all the calls that are given it, also those that run at the same time.

    Without one, each call has a budget of its own from the settings `LLM_MAX_…`. `cost` is in US dollars.
    """

    def __init__(self, *, requests: int, tokens: int, cost: Decimal) -> None:
        self.limits = UsageLimits(request_limit=requests, total_tokens_limit=tokens, cost_limit=cost)
        self.spent = RunUsage()

    @classmethod
    def from_settings(cls) -> "Budget":
        """Return a fresh budget with the limits for one call."""
        settings = LLMSettings.load()
        return cls(requests=settings.max_requests, tokens=settings.max_tokens, cost=settings.max_cost)
