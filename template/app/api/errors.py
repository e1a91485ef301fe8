"""Errors of those who call the API."""

from app.core.errors import AppError, NotFound, ServiceUnavailable


class NotAuthenticated(AppError):
    """No key, or one that is not valid."""

    status = 401


class NotAllowed(AppError):
    """The key is valid, but lacks the scope that the route needs."""

    status = 403


class RateLimited(AppError):
    """The key has made as many requests as it may in this minute."""

    status = 429
    retryable = True


class IdentityProviderUnavailable(ServiceUnavailable):
    """The identity provider does not give its public keys."""


class KeyNotFound(NotFound):
    """There is no key with this id."""
