"""The tables of the ledger."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id

DOLLARS = Numeric(18, 8)


class UsageDay(Base):
    """What one caller has taken of one model in one workflow, on one day (UTC)."""

    __tablename__ = "usage_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    caller: Mapped[str] = mapped_column(primary_key=True)
    """The id of a key or subject; empty: nobody from outside, such as a schedule."""
    workflow: Mapped[str] = mapped_column(primary_key=True)
    """Empty: no workflow, such as a chat."""
    model: Mapped[str] = mapped_column(primary_key=True)
    """`provider:name`."""
    requests: Mapped[int] = mapped_column(BigInteger)
    unpriced: Mapped[int] = mapped_column(BigInteger)
    """Requests whose price is not known: `cost` is without them."""
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[Decimal] = mapped_column(DOLLARS)
    """US dollars."""


class UsageReservation(Base):
    """What a request that is under way may cost at most."""

    __tablename__ = "usage_reservations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    day: Mapped[date]
    caller: Mapped[str]
    workflow: Mapped[str]
    cost: Mapped[Decimal] = mapped_column(DOLLARS)
    expires_at: Mapped[datetime]
    """Of a request whose process has died nobody says what it has taken."""
