"""What can go wrong with a call of a model, each with what to do about it.

LLMError                   502
├── ModelNotConfigured     503  unknown provider, no key, SDK not installed, offline in production
├── ModelKeyRejected       503  the provider refused the key
├── ModelNotFound          503  the provider has no model of that name
├── ModelUnavailable       503  tried again: no connection, overloaded, server error
│   ├── BrokenAnswer       502  what the provider sent cannot be read, or ends in the middle
│   ├── ModelRateLimited   503
│   └── ModelTimedOut      504
├── QuotaExceeded          503  the account has no credit left
├── RequestRejected        422  the provider did not accept the request
│   ├── OptionNotSupported 422  the model has no such option
│   └── ContextTooLong     413
├── ContentRefused         422  the model, or a filter of the provider, refuses to answer
├── InvalidOutput          502  the answer did not fit the schema, also after corrections
└── BudgetExceeded         429  requests, tokens or cost reached the limit
"""

from pydantic_ai import exceptions as pai

from app.core.errors import AppError


class LLMError(AppError):
    """A call of a model failed."""

    status = 502
    code = "model-error"


class ModelNotConfigured(LLMError):
    """The model cannot be used as the settings are."""

    status = 503


class ModelKeyRejected(LLMError):
    """The provider refused the key."""

    status = 503


class ModelNotFound(LLMError):
    """The provider has no such model, or the key may not use it."""

    status = 503


class ModelUnavailable(LLMError):
    """The provider does not answer right now; another try may succeed."""

    status = 503
    retryable = True
    retry_after: float | None = None
    """Seconds that the provider asked to wait, if it said."""


class BrokenAnswer(ModelUnavailable):
    """What the provider sent cannot be read, or ends before it is complete."""

    status = 502
    code = "model-answer-broken"


class ModelRateLimited(ModelUnavailable):
    """The provider's rate limit is reached."""


class ModelTimedOut(ModelUnavailable):
    """No answer within `LLM_TIMEOUT` seconds."""

    status = 504


class QuotaExceeded(LLMError):
    """The account's credit or quota is used up."""

    status = 503
    code = "model-quota-exceeded"


class RequestRejected(LLMError):
    """The provider did not accept the request."""

    status = 422
    code = "model-request-rejected"


class OptionNotSupported(RequestRejected):
    """The model has no such option: to leave it out would change the answer in silence."""

    code = "unsupported_parameter"


class ContextTooLong(RequestRejected):
    """Instructions, history and prompt are longer than the model takes."""

    status = 413
    code = "model-context-too-long"


class ContentRefused(LLMError):
    """The model refuses to answer, or a filter of the provider stopped it."""

    status = 422
    code = "model-content-refused"


class InvalidOutput(LLMError):
    """The model's answer does not fit what was asked for."""

    code = "model-invalid-output"


class BudgetExceeded(LLMError):
    """The limit on requests, tokens or cost is reached."""

    status = 429
    code = "model-budget-exceeded"


_TRANSLATIONS: tuple[tuple[type[Exception], type[LLMError], str, str | None], ...] = (
    # what pydantic-ai raises, what we raise, what is wrong, what to do; the first match wins
    (
        pai.ModelRateLimitError,
        ModelRateLimited,
        "{provider} is limiting the rate of {model}.",
        "Try again later, or set LLM_FALLBACK_MODELS.",
    ),
    (
        pai.ModelTimeoutError,
        ModelTimedOut,
        "{model} did not answer in time.",
        "Try again later, or raise LLM_TIMEOUT.",
    ),
    (
        pai.ModelQuotaExceededError,
        QuotaExceeded,
        "The {provider} account has no quota left for {model}.",
        "Check its plan and billing, or set LLM_FALLBACK_MODELS.",
    ),
    (
        pai.ModelAuthenticationError,
        ModelKeyRejected,
        "{provider} refused the key for {model}.",
        "Put a valid one in .env; `uv run app doctor --call` tries it.",
    ),
    (
        pai.ModelNotFoundError,
        ModelNotFound,
        "{provider} has no model {name!r}, or the key may not use it.",
        "Correct LLM_MODEL.",
    ),
    (
        pai.ModelContextWindowExceededError,
        ContextTooLong,
        "The text is too long for {model}.",
        "Shorten it or split it.",
    ),
    (
        pai.ContentFilterError,
        ContentRefused,
        "The content filter of {provider} stopped the answer of {model}.",
        None,
    ),
    (
        pai.UsageLimitExceeded,
        BudgetExceeded,
        "{error}.",
        "The limits are those of the workflow, or else LLM_MAX_REQUESTS, LLM_MAX_TOKENS and LLM_MAX_COST.",
    ),
    (pai.UnexpectedModelBehavior, InvalidOutput, "{model} gave no usable answer: {error}.", None),
    (pai.UserError, ModelNotConfigured, "{error}", None),
    *(
        (
            outage,
            ModelUnavailable,
            "{model} does not answer: {error}.",
            "Try again later, or set LLM_FALLBACK_MODELS.",
        )
        for outage in (
            pai.ModelUnavailableError,
            pai.ModelServerError,
            pai.ModelConnectionError,
            pai.ModelRequestTimeout,
        )
    ),
    (pai.ModelHTTPError, RequestRejected, "{provider} rejected the request to {model}: {error}.", None),
    *(
        (broken, BrokenAnswer, "{provider} sent a broken answer for {model}: {error}.", "Try again later.")
        for broken in (pai.ModelAPIError, LookupError, TypeError, ValueError, AttributeError)
    ),
    (Exception, LLMError, "The call of {model} failed: {error}", "`uv run app doctor` checks the settings."),
)


def translate(error: Exception, model: str) -> LLMError:
    """Return our error for one of pydantic-ai's. `model` is `provider:name`."""
    provider, _, name = model.partition(":")
    kind, detail, hint = next(row[1:] for row in _TRANSLATIONS if isinstance(error, row[0]))
    reason = _reason(error).rstrip(".")
    result = kind(detail.format(provider=provider, name=name, model=model, error=reason), hint=hint)
    if isinstance(result, ModelUnavailable):
        result.retry_after = getattr(error, "retry_after", None)
    return result


_MOST_CHARACTERS = 500
"""Of what a provider says; some send a whole page."""


def _reason(error: Exception) -> str:
    """Return what went wrong in a sentence; of a provider's answer the message alone, not its document."""
    if not isinstance(error, pai.ModelHTTPError):
        return (str(error) or type(error).__name__)[:_MOST_CHARACTERS]
    message = _message_in(error.body)
    status = f"status {error.status_code}"
    return f"{status}: {message[:_MOST_CHARACTERS]}" if message else status


def _message_in(body: object) -> str:
    """Return the message of an error document, wherever the provider puts it."""
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return ""
    found = next((body[key] for key in ("error", "message", "Message", "detail") if body.get(key)), "")
    return _message_in(found)
