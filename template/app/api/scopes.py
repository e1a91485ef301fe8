"""What a key may do.

A scope is `AREA:ACTION`, such as `runs:read`, and covers what belongs to the key itself. `AREA:ACTION:all`
covers what belongs to others too, `AREA:*` (`AREA:*:all`) every action of an area, and `admin` everything.
"""

import re
from collections.abc import Iterable

from app.core.errors import InvalidInput, available

ADMIN = "admin"
_ALL = ":all"

_SCOPE = re.compile(r"admin|[a-z][a-z0-9_-]{0,30}:(?:\*|[a-z][a-z0-9_-]{0,30})(?::all)?")
_declared: set[str] = set()


def allows(granted: Iterable[str], needed: str) -> bool:
    """Whether one of the granted scopes covers the needed one."""
    area = needed.partition(":")[0]
    covering = {ADMIN, needed, f"{area}:*:all", needed if needed.endswith(_ALL) else f"{needed}{_ALL}"}
    if not needed.endswith(_ALL):
        covering.add(f"{area}:*")
    return any(scope in covering for scope in granted)


def declare_scope(scope: str) -> str:
    """Make a scope known, so that `app keys create` refuses a misspelt one."""
    _declared.add(scope)
    return scope


def declared_scopes() -> list[str]:
    """Return the scopes that the routes of this project ask for. Import the routes first."""
    return sorted(_declared)


def check_declared(scopes: Iterable[str]) -> None:
    """Raise `InvalidInput` for scopes that nothing in this project asks for."""
    areas = {scope.partition(":")[0] for scope in _declared}
    known = {ADMIN, *_declared, *(f"{area}:*" for area in areas), *(f"{area}:*:all" for area in areas)}
    if unknown := sorted(set(scopes) - known):
        raise InvalidInput(f"Unknown scope: {', '.join(unknown)}.", hint=available(sorted(known)))


def check_scopes(scopes: Iterable[str]) -> None:
    """Raise `InvalidInput` that names what is malformed."""
    if wrong := sorted(scope for scope in scopes if not _SCOPE.fullmatch(scope)):
        raise InvalidInput(
            f"Invalid scope: {', '.join(wrong)}.",
            hint="A scope is admin, or looks like runs:read, runs:read:all or documents:*.",
        )
