"""Errors of those who call the API."""

from app.core.errors import AppError, NotFound, ServiceUnavailable


class NotAuthenticated(AppError):
    """No key, or one that is not valid."""

    status = 401
    code = "not-authenticated"
    title = "Not authenticated"


class NotAllowed(AppError):
    """The key is valid, but lacks the scope that the route needs."""

    status = 403
    code = "not-allowed"
    title = "Not allowed"


class RateLimited(AppError):
    """The key has made as many requests as it may in this minute."""

    status = 429
    code = "rate-limited"
    title = "Too many requests"
    retryable = True


class IdentityProviderUnavailable(ServiceUnavailable):
    """The identity provider does not give its public keys."""

    code = "identity-provider-unavailable"
    title = "Identity provider unavailable"


class KeyNotFound(NotFound):
    """There is no key with this id."""

    code = "key-not-found"
    title = "Key not found"
