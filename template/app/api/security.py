"""Who may call a route. Every route says it: a scope that it needs, or that it is public."""

from typing import Annotated, Any

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from app.api.errors import NotAllowed, NotAuthenticated, RateLimited
from app.api.keys import Principal, check_key
from app.api.rates import take
from app.api.scopes import declare_scope
from app.api.settings import ApiSettings
from app.api.tokens import check_token, is_token
from app.core.errors import AppError
from app.core.scope import ADMIN, extend_scope

_bearer = HTTPBearer(auto_error=False, description="A key made by `app keys create`, or a token.")


async def authenticate(
    connection: HTTPConnection,
    needed: SecurityScopes,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal:
    """Return who calls. Raises `NotAuthenticated` (401), `NotAllowed` (403) or `RateLimited` (429)."""
    principal = await identify(connection, credentials.credentials if credentials else None)
    for scope in needed.scopes:
        check_allowed(principal, scope)
    return principal


async def identify(connection: HTTPConnection, secret: str | None) -> Principal:
    """Return whose key or token this is, and count the request. Raises 401 and 429."""
    principal = await _who(secret)
    extend_scope(caller=principal.id, rights=principal.scopes, groups=principal.groups)
    settings = ApiSettings.load()
    limit = settings.requests_per_minute() if principal.rate_limit is None else principal.rate_limit
    if limit:
        quota = connection.state.quota = await take(principal.id, limit)
        if quota.refused:
            raise RateLimited(
                f"This key may make {limit} requests a minute.", hint="Wait as long as Retry-After says."
            )
    return principal


async def is_known(scope: Scope) -> bool:
    """Whether a request has a valid key or token. Counts nothing."""
    scheme, _, secret = Headers(scope=scope).get("authorization", "").partition(" ")
    try:
        await _who(secret.strip() if scheme.lower() == "bearer" else None)
    except AppError:
        return False
    return True


async def _who(secret: str | None) -> Principal:
    if secret is None and not ApiSettings.load().needs_keys():
        return Principal("anonymous", (ADMIN,))
    if secret is None:
        raise NotAuthenticated(
            "This needs a key.",
            hint="Send the header `Authorization: Bearer KEY`; make one: app keys create.",
        )
    principal = await (check_token(secret) if is_token(secret) else check_key(secret))
    if principal is None:
        raise NotAuthenticated("The key is not valid.", hint="It may be mistyped, expired or revoked.")
    return principal


def check_allowed(principal: Principal, scope: str) -> None:
    """Raise `NotAllowed` if the caller lacks a scope."""
    if not principal.may(scope):
        raise NotAllowed(f"The key lacks the scope {scope!r}.")


def require(scope: str) -> Any:
    """Return the dependency of a route that needs a scope: `dependencies=[require("runs:read")]`."""
    return Security(authenticate, scopes=[declare_scope(scope)])


async def public() -> None:
    """Say that a route is open to all: `dependencies=[Depends(public)]`."""
