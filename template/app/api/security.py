"""Who may call a route. Every route says it: a scope that it needs, or that it is public."""

from typing import Annotated, Any

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from app.api.errors import NotAllowed, NotAuthenticated
from app.api.keys import Principal, check_key
from app.api.scopes import ADMIN, allows
from app.api.settings import ApiSettings

_bearer = HTTPBearer(auto_error=False, description="A key made by `app keys create`.")


async def authenticate(
    needed: SecurityScopes, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """Return who calls. Raises `NotAuthenticated` (401) or `NotAllowed` (403)."""
    if credentials is None and not ApiSettings.load().needs_keys():
        return Principal("development", (ADMIN,))
    if credentials is None:
        raise NotAuthenticated(
            "This needs a key.",
            hint="Send the header `Authorization: Bearer KEY`; make one: app keys create.",
        )
    principal = await check_key(credentials.credentials)
    if principal is None:
        raise NotAuthenticated("The key is not valid.", hint="It may be mistyped, expired or revoked.")
    if missing := [scope for scope in needed.scopes if not allows(principal.scopes, scope)]:
        raise NotAllowed(f"The key lacks the scope {missing[0]!r}.")
    return principal


def require(scope: str) -> Any:
    """Return the dependency of a route that needs a scope: `dependencies=[require("runs:read")]`."""
    return Security(authenticate, scopes=[scope])


async def public() -> None:
    """Say that a route is open to all: `dependencies=[Depends(public)]`."""
