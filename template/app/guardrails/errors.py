"""What guards refuse."""

from app.llm import LLMError


class InputRefused(LLMError):
    """A guard refuses what is asked."""

    status = 422


class AnswerRefused(LLMError):
    """A guard holds the model's answer back."""

    status = 422


class GuardFailed(LLMError):
    """A guard could not decide, and `GUARDRAIL_FAIL_CLOSED` is set."""

    status = 503
    retryable = True
