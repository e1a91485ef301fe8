from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="customers",
    stage="design",
    summary="Customers and their orders in the database.",
    requires=("db",),
    cli=Lazy("app.customers.cli:cli"),
    offers={
        "customers": Lazy("app.customers.repository:find_customer"),
        "refunds": Lazy("app.customers.repository:note_refund"),
    },
)
