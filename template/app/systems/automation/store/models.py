"""The tables of customers and orders."""

from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base

FORMER_NAME = "customers"
"""Of this feature, up to 0.3."""


class Customer(Base):
    """Somebody who buys."""

    __tablename__ = "support_customers"

    email: Mapped[str] = mapped_column(primary_key=True)
    """In lower case."""
    name: Mapped[str]
    plan: Mapped[str] = mapped_column(server_default="standard")
    orders: Mapped[list["Order"]] = relationship(order_by="Order.number", cascade="all, delete-orphan")


class Order(Base):
    """What a customer has bought."""

    __tablename__ = "support_orders"
    __table_args__ = (Index("ix_support_orders_customer_email", "customer_email"),)

    number: Mapped[str] = mapped_column(primary_key=True)
    customer_email: Mapped[str] = mapped_column(ForeignKey("support_customers.email", ondelete="CASCADE"))
    status: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    currency: Mapped[str]
    delivered_on: Mapped[date | None]


class Refund(Base):
    """Money that a customer got back. One an order."""

    __tablename__ = "support_refunds"
    __table_args__ = (Index("ix_support_refunds_email_day", "email", "day"),)

    order_number: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str]
    day: Mapped[date]
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 2))
