"""HTTP: what all routes share. A feature's own routes are in its `endpoints.py`."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.api.keys import Principal, check_key, create_key, revoke_keys_named
    from app.api.presence import while_connected
    from app.api.problems import Description, Problem, describe, problem_responses
    from app.api.scopes import declare_scope
    from app.api.security import check_allowed, identify, public, require
    from app.api.settings import ApiSettings

__all__ = [
    "ApiSettings",
    "Description",
    "Principal",
    "Problem",
    "check_allowed",
    "check_key",
    "create_key",
    "declare_scope",
    "describe",
    "identify",
    "problem_responses",
    "public",
    "require",
    "revoke_keys_named",
    "while_connected",
]

__getattr__ = lazy_exports(
    __name__,
    keys=("Principal", "check_key", "create_key", "revoke_keys_named"),
    presence=("while_connected",),
    problems=("Description", "Problem", "describe", "problem_responses"),
    scopes=("declare_scope",),
    security=("check_allowed", "identify", "public", "require"),
    settings=("ApiSettings",),
)
