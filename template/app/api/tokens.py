"""Tokens (JWT, RFC 7519) of an identity provider, checked with its public keys (JWKS, RFC 7517)."""

import asyncio
import time
from functools import cache
from typing import Any

import jwt
import structlog
from httpx2 import AsyncClient, HTTPError

from app.api.errors import IdentityProviderUnavailable
from app.api.keys import Principal
from app.api.scopes import is_group
from app.api.settings import AuthSettings

log = structlog.get_logger(__name__)

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that a public key checks; with HS256 whoever knows that key could sign."""

_REQUIRED = ("exp", "iss", "aud", "sub")
_LEEWAY_SECONDS = 30
_LONGEST_SUBJECT = 200
_FETCH_SECONDS = 3.0
_FRESH_SECONDS = 600.0
_AGAIN_SECONDS = 10.0
"""A key that is not known is looked for at the provider, but not more often than this."""


def is_token(text: str) -> bool:
    """Whether this is a token and no API key."""
    return text.count(".") == 2


async def check_token(text: str) -> Principal | None:
    """Return who has this token; None if it is not valid. Raises `IdentityProviderUnavailable`.

    Its scopes are those of the claim `scope` (RFC 8693), or of `scp` or `scopes`; its groups those of
    `groups`.
    """
    settings = AuthSettings.load()
    if settings.jwks_url is None:
        return None
    try:
        key_id = jwt.get_unverified_header(text).get("kid")
        key = await get_key_set(settings.jwks_url).key(key_id)
        if key is None:
            return None
        claims = jwt.decode(
            text,
            key,
            algorithms=_ALGORITHMS,
            audience=settings.audience,
            issuer=settings.issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": list(_REQUIRED)},
        )
    except jwt.PyJWTError as error:
        log.info("token.refused", reason=type(error).__name__)
        return None
    return _principal(claims)


def _principal(claims: dict[str, Any]) -> Principal | None:
    """Return who the claims are about; None if these are not what they should be."""
    subject = claims["sub"]
    if not subject or len(subject) > _LONGEST_SUBJECT or not subject.isprintable():
        return None
    value = claims.get("scope") or claims.get("scp") or claims.get("scopes") or []
    scopes = value.split() if isinstance(value, str) else value
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        return None
    groups = claims.get("groups") or []
    named = [group for group in groups if is_group(group)] if isinstance(groups, list) else []
    return Principal(f"sub:{subject}", tuple(scopes), groups=tuple(named))


class KeySet:
    """The provider's public keys, fetched when they are needed and kept for a while."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._asked = float("-inf")
        self._fetching = asyncio.Lock()

    async def key(self, key_id: str | None) -> jwt.PyJWK | None:
        """Return a key. One that is not known may be new: then the keys are fetched again.

        Raises `IdentityProviderUnavailable` if they never could be fetched.
        """
        if key_id not in self._keys or self._is_older_than(_FRESH_SECONDS):
            async with self._fetching:  # who waited here finds what the first one fetched
                if self._is_older_than(_AGAIN_SECONDS):
                    await self._fetch()
        if not self._keys:
            raise IdentityProviderUnavailable(
                "The identity provider does not give its public keys.", hint="Check AUTH_JWKS_URL."
            )
        return self._keys.get(key_id)

    def _is_older_than(self, seconds: float) -> bool:
        return time.monotonic() - self._asked > seconds

    async def _fetch(self) -> None:
        """Fetch the keys. If that fails those that we have stay good."""
        try:
            async with AsyncClient(timeout=_FETCH_SECONDS) as client:
                answer = (await client.get(self._url)).raise_for_status().json()
            if not isinstance(answer, dict):
                raise ValueError("it is not a JSON object")
            self._keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(answer).keys}
        except (HTTPError, jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
            log.warning("jwks.failed", url=self._url, reason=f"{type(error).__name__}: {error}")
        finally:
            self._asked = time.monotonic()


@cache
def get_key_set(url: str) -> KeySet:
    """Return the keys of this process."""
    return KeySet(url)
