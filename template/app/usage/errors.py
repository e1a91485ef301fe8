"""What can go wrong with the spending on models."""

from app.llm import LLMError


class SpendingLimitReached(LLMError):
    """What may be spent on models in a day is spent, or would be with this request."""

    status = 402
