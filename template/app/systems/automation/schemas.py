"""What goes in, what is found out on the way, and what comes out."""

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.text import Text

Route = Literal["ignored", "escalated", "answered", "refunded", "refused", "drafted"]


class SupportEvent(BaseModel):
    """An e-mail as it was received (`raw`), or what a webhook says of one."""

    model_config = ConfigDict(extra="forbid")

    raw: Text | None = Field(default=None, max_length=500_000, description="The e-mail's source.")
    id: Text | None = Field(default=None, max_length=300, description="The same id is acted upon once.")
    sender: Text | None = Field(default=None, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")
    subject: Text = Field(default="", max_length=1000)
    text: Text | None = Field(default=None, max_length=100_000)

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "SupportEvent":
        if (self.raw is None) == (self.text is None):
            raise ValueError("give either raw, or sender and text")
        if self.text is not None and self.sender is None:
            raise ValueError("text needs a sender")
        return self


class Email(BaseModel):
    """What matters of the e-mail."""

    id: str
    sender: str
    subject: str
    text: str
    """What its writer has written: without quotations and signature."""
    is_automatic: bool
    """Whether a machine sent it: it must not get an answer, or two machines talk for ever."""


class Order(BaseModel):
    """An order of a customer."""

    number: str
    status: Literal["open", "shipped", "delivered", "cancelled", "refunded"]
    amount: Decimal
    currency: str
    delivered_on: date | None = None


class Customer(BaseModel):
    """Who writes."""

    email: str
    name: str
    plan: str = "standard"
    orders: list[Order] = Field(default_factory=list)


class Found(BaseModel):
    """What the database knows of the sender."""

    customer: Customer | None
    order: Order | None
    """The order that the e-mail names, or the only one."""


class Classification(BaseModel):
    """What the e-mail is about."""

    intent: Literal["order_status", "refund", "cancel", "bug", "question", "other"]
    is_urgent: bool
    confidence: float = Field(ge=0, le=1)


class Reply(BaseModel):
    """A draft for a person to send."""

    text: str = Field(min_length=1)


class Action(BaseModel):
    """Something that another system is to do."""

    type: Literal["refund", "open_ticket"]
    data: dict[str, Any]


class Handled(BaseModel):
    """How an e-mail was dealt with."""

    route: Route
    reply: str | None = None
    action: Action | None = None


class RefundQuestion(BaseModel):
    """What a person has to decide."""

    customer: Customer
    order: Order
    email: str


class Outcome(BaseModel):
    """What was done, and why."""

    event_id: str
    route: Route
    intent: str | None
    reply: str | None
    """To be sent as it is if `answered`, `refunded` or `refused`; a person's to check if `drafted`."""
    action: Action | None
    delivery: Literal["none", "delivered", "not_configured"]
    reasons: list[str]
    """The rules that decided."""
