"""What models have taken, for whom, and what they may take. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.usage.budgets import configured_budgets
    from app.usage.repository import used_today

__all__ = ["configured_budgets", "used_today"]

__getattr__ = lazy_exports(__name__, budgets=("configured_budgets",), repository=("used_today",))
