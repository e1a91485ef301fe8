"""What usage looks like."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from app.usage.budgets import Used

Dollars = Annotated[Decimal, PlainSerializer(lambda value: f"{value:f}", return_type=str)]
"""US dollars, as text: JSON's numbers lose digits."""


class UsageItem(BaseModel):
    """What was taken; of the columns those by which it is added up."""

    model_config = ConfigDict(extra="forbid")

    day: date | None = None
    caller: str | None = Field(None, description="Empty: nobody from outside, such as a schedule.")
    workflow: str | None = Field(None, description="Empty: no workflow, such as a chat.")
    model: str | None = Field(None, examples=["openai:gpt-5-mini"])
    requests: int
    unpriced: int = Field(description="Requests whose price is not known: `cost` is without them.")
    input_tokens: int
    output_tokens: int
    cost: Dollars


class BudgetView(BaseModel):
    """How far a budget is used today."""

    kind: Literal["total", "key", "workflow"]
    name: str
    limit: Dollars
    spent: Dollars
    reserved: Dollars = Field(description="For requests that are under way.")

    @classmethod
    def of(cls, used: Used) -> "BudgetView":
        """Show a budget."""
        budget = used.budget
        return cls(
            kind=budget.kind, name=budget.name, limit=budget.limit, spent=used.spent, reserved=used.reserved
        )


class Usage(BaseModel):
    """What models have taken from one day to another, both included (UTC)."""

    since: date
    until: date
    items: list[UsageItem]
    budgets: list[BudgetView] = Field(description="That hold today for whoever asks.")
