"""HTTP: what all routes share. A feature's own routes are in its `endpoints.py`."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.api.problems import Problem, problem_responses
    from app.api.settings import ApiSettings

__all__ = ["ApiSettings", "Problem", "problem_responses"]

__getattr__ = lazy_exports(__name__, problems=("Problem", "problem_responses"), settings=("ApiSettings",))
