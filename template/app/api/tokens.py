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
from app.api.settings import AuthSettings

log = structlog.get_logger(__name__)

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that a public key checks; with HS256 whoever knows that key could sign."""

_REQUIRED = ("exp", "iss", "aud", "sub")
_LEEWAY_SECONDS = 30
_FRESH_SECONDS = 600.0
_AGAIN_SECONDS = 10.0
"""A key that is not known is looked for at the provider, but not more often than this."""


def is_token(text: str) -> bool:
    """Whether this is a token and no API key."""
    return text.count(".") == 2


async def check_token(text: str) -> Principal | None:
    """Return who has this token; None if it is not valid. Raises `IdentityProviderUnavailable`.

    Its scopes are those of the claim `scope` (RFC 8693), or of `scp` or `scopes`.
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
    return Principal(f"sub:{claims['sub']}", _scopes(claims))


def _scopes(claims: dict[str, Any]) -> tuple[str, ...]:
    value = claims.get("scope") or claims.get("scp") or claims.get("scopes") or ()
    return tuple(value.split() if isinstance(value, str) else map(str, value))


class KeySet:
    """The provider's public keys, fetched when they are needed and kept for a while."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched = float("-inf")
        self._fetching = asyncio.Lock()

    async def key(self, key_id: str | None) -> jwt.PyJWK | None:
        """Return a key. One that is not known may be new: then the keys are fetched again."""
        async with self._fetching:
            wait = _FRESH_SECONDS if key_id in self._keys else _AGAIN_SECONDS
            if time.monotonic() - self._fetched > wait:
                await self._fetch()
        return self._keys.get(key_id)

    async def _fetch(self) -> None:
        self._fetched = time.monotonic()
        try:
            async with AsyncClient(timeout=5) as client:
                answer = (await client.get(self._url)).raise_for_status()
            found = jwt.PyJWKSet.from_dict(answer.json()).keys
        except (HTTPError, jwt.PyJWTError, ValueError) as error:
            log.warning("jwks.failed", url=self._url, reason=f"{type(error).__name__}: {error}")
            if self._keys:  # those that we have are still good
                return
            self._fetched = float("-inf")
            raise IdentityProviderUnavailable(
                "The identity provider does not give its public keys.", hint="Check AUTH_JWKS_URL."
            ) from error
        self._keys = {key.key_id: key for key in found}


@cache
def get_key_set(url: str) -> KeySet:
    """Return the keys of this process."""
    return KeySet(url)
