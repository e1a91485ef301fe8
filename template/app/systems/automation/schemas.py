"""What goes in, what is found out on the way, and what comes out."""

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.text import Text
from app.workflows import Decision

Route = Literal["ignored", "escalated", "answered", "refunded", "refused", "drafted"]


class SupportEvent(BaseModel):
    """An e-mail as it was received (`raw`), or what a webhook says of one."""

    model_config = ConfigDict(extra="forbid")

    raw: Text | None = Field(default=None, max_length=500_000, description="The e-mail's source.")
    id: Text | None = Field(default=None, max_length=300, description="The same id is acted upon once.")
    sender: Text | None = Field(default=None, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")
    subject: Text = Field(default="", max_length=1000)
    text: Text | None = Field(default=None, max_length=100_000)
    sender_verified: bool = Field(
        default=False, description="Whether you know that the sender is who it says. Without it, no refund."
    )
    received: date | None = Field(default=None, description="The day it came in. Not given: today.")

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
    """Whether a machine sent it: it must not get an answer, or two machines talk forever."""
    is_verified: bool = False
    """Whether a mail server of ours has verified the sender."""
    received: date


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


class Terms(BaseModel):
    """What of a refund."""

    amount: Decimal | None = None
    """To be given back; None: nobody asks for a refund that could be given."""
    doubts: list[str] = Field(default_factory=list)
    """Why a person has to decide."""


class RefundDecision(Decision):
    """What a person has decided on a refund."""

    amount: Decimal | None = Field(default=None, gt=0, description="Another amount than was asked for.")


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
    problems: list[str] = Field(default_factory=list)
    """What code has found in a draft: a person should look at it."""


class RefundQuestion(BaseModel):
    """What a person has to decide."""

    customer: Customer
    order: Order
    amount: Decimal
    doubts: list[str]
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
    problems: list[str] = Field(default_factory=list)
    """What code has found in the draft: amounts, links and promises that no fact bears out."""
    reasons: list[str]
    """The rules that decided."""
