"""Customers as a file has them."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.text import Text


class OrderRow(BaseModel):
    """An order."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    number: Text = Field(min_length=1, max_length=100)
    status: Literal["open", "shipped", "delivered", "cancelled", "refunded"]
    amount: Decimal = Field(ge=0, max_digits=18, decimal_places=2)
    currency: str = Field(pattern="^[A-Z]{3}$")
    delivered_on: date | None = None


class CustomerRow(BaseModel):
    """A customer with all orders."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    email: Text = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)
    name: Text = Field(min_length=1, max_length=300)
    plan: Text = Field("standard", max_length=100)
    orders: list[OrderRow] = Field(default_factory=list)
