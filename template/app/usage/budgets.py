"""Which limits hold for a request, and how far each is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from app.usage.settings import BudgetSettings


@dataclass(frozen=True)
class Account:
    """Who asks a model, and in which workflow."""

    caller: str
    """Empty: nobody from outside."""
    workflow: str
    """Empty: none."""


@dataclass(frozen=True)
class DailyBudget:
    """What may be spent in a day."""

    kind: Literal["total", "key", "workflow"]
    name: str
    """Of the key or workflow; empty for the total."""
    limit: Decimal
    """US dollars."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()


@dataclass(frozen=True)
class Used:
    """How far a budget is used today."""

    budget: DailyBudget
    spent: Decimal
    reserved: Decimal
    """For requests that are under way."""

    @property
    def cost(self) -> Decimal:
        """Spent and reserved together."""
        return self.spent + self.reserved

    def has_room_for(self, cost: Decimal) -> bool:
        """Whether so much more may be spent; nothing more once the limit is reached."""
        return self.cost < self.budget.limit and self.cost + cost <= self.budget.limit


def budgets_of(account: Account) -> list[DailyBudget]:
    """Return the budgets that hold for an account, always in the same order."""
    settings = BudgetSettings.load()
    found: list[DailyBudget] = []
    if settings.total is not None:
        found.append(DailyBudget("total", "", settings.total))
    limit = _limit_of(account.caller, settings.of_keys, settings.per_key)
    if limit is not None:
        found.append(DailyBudget("key", account.caller, limit))
    limit = _limit_of(account.workflow, settings.of_workflows, settings.per_workflow)
    if limit is not None:
        found.append(DailyBudget("workflow", account.workflow, limit))
    return found


def configured_budgets() -> list[DailyBudget]:
    """Return the budgets with a name: the total, and those of single keys and workflows."""
    settings = BudgetSettings.load()
    total = [] if settings.total is None else [DailyBudget("total", "", settings.total)]
    keys = [DailyBudget("key", name, limit) for name, limit in settings.of_keys.items()]
    return [*total, *keys, *(DailyBudget("workflow", *item) for item in settings.of_workflows.items())]


def _limit_of(name: str, own: Mapping[str, Decimal], of_each: Decimal | None) -> Decimal | None:
    return own.get(name, of_each) if name else None
