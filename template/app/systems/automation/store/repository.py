"""All SQL on customers."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import selectinload

from app.db import transaction
from app.systems.automation.store.models import Customer, Order, Refund
from app.systems.automation.store.schemas import CustomerRow


async def find_customer(email: str) -> dict[str, Any] | None:
    """Return a customer with all orders, as JSON; None if the address is unknown."""
    statement = select(Customer).where(Customer.email == email.lower()).options(selectinload(Customer.orders))
    async with transaction() as session:
        customer = await session.scalar(statement)
        return CustomerRow.model_validate(customer).model_dump(mode="json") if customer else None


async def save_customers(rows: Sequence[CustomerRow]) -> None:
    """Store customers and orders; those that are there are brought up to date. All of them or none."""
    async with transaction() as session:
        for row in rows:
            customer = {**row.model_dump(exclude={"orders"}), "email": row.email.lower()}
            await session.execute(_upsert(Customer, "email"), customer)
            for order in row.orders:
                await session.execute(
                    _upsert(Order, "number"), {**order.model_dump(), "customer_email": customer["email"]}
                )


def _upsert(table: type[Customer | Order], key: str) -> Any:
    statement = insert(table)
    columns = [column.name for column in table.__table__.columns if column.name != key]
    new = {name: statement.excluded[name] for name in columns}
    return statement.on_conflict_do_update(index_elements=[key], set_=new)


async def note_refund(email: str, day: date, order: str | None, amount: Decimal) -> Decimal:
    """Note a refund, if an order is named: one an order. Return what the customer has got on that day."""
    async with transaction() as session:
        if order:
            new = insert(Refund).values(order_number=order, email=email, day=day, amount=amount)
            await session.execute(new.on_conflict_do_nothing(index_elements=["order_number"]))
        given = select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.email == email, Refund.day == day
        )
        return Decimal(await session.scalar(given) or 0)
