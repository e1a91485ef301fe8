"""What a key may do.

A scope is `AREA:ACTION`, such as `runs:read`, and covers what belongs to the key itself. `AREA:ACTION:all`
covers what belongs to others too, `AREA:*` (`AREA:*:all`) every action of an area, and `admin` everything.
"""

import re
from collections.abc import Iterable

from app.core.errors import InvalidInput, available
from app.core.scope import ADMIN

_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SCOPE = re.compile(r"admin|[a-z][a-z0-9_-]{0,30}:(?:\*|[a-z][a-z0-9_-]{0,30})(?::all)?")
_declared: set[str] = set()


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


def is_group(name: object) -> bool:
    """Whether this is the name of a group: letters, digits, dots, hyphens and underscores."""
    return isinstance(name, str) and _GROUP.fullmatch(name) is not None


def check_groups(groups: Iterable[str]) -> None:
    """Raise `InvalidInput` that names what is malformed."""
    if wrong := sorted(group for group in groups if not is_group(group)):
        raise InvalidInput(
            f"Invalid group: {', '.join(wrong)}.",
            hint="The name of a group has letters, digits, dots, hyphens and underscores.",
        )
