"""What a key may do. A scope is `AREA:ACTION`; `AREA:*` allows all of an area, `admin` everything."""

import re
from collections.abc import Iterable

from app.core.errors import InvalidInput

ADMIN = "admin"

_SCOPE = re.compile(r"admin|[a-z][a-z0-9_-]{0,30}:(?:\*|[a-z][a-z0-9_-]{0,30})")


def allows(granted: Iterable[str], needed: str) -> bool:
    """Whether one of the granted scopes covers the needed one."""
    area = needed.partition(":")[0]
    return any(scope in {ADMIN, needed, f"{area}:*"} for scope in granted)


def check_scopes(scopes: Iterable[str]) -> None:
    """Raise `InvalidInput` that names what is no scope."""
    if wrong := sorted(scope for scope in scopes if not _SCOPE.fullmatch(scope)):
        raise InvalidInput(
            f"{wrong} is no scope.", hint="A scope is admin, or looks like runs:read or documents:*."
        )
