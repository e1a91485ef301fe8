"""HTTP: what all routes share. A feature's own routes are in its `endpoints.py`."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.api.ports import free_port, require_free_port
    from app.api.problems import Problem, problem_responses
    from app.api.settings import ApiSettings

__all__ = ["ApiSettings", "Problem", "free_port", "problem_responses", "require_free_port"]

__getattr__ = lazy_exports(
    __name__,
    ports=("free_port", "require_free_port"),
    problems=("Problem", "problem_responses"),
    settings=("ApiSettings",),
)
