from app.core.registry import Feature

feature = Feature(
    name="customers",
    stage="design",
    summary="Customers and their orders in the database.",
    requires=("db",),
    extends={
        "core.commands": ["app.customers.cli:cli"],
        "systems.automation.customers": ["app.customers.repository:find_customer"],
        "systems.automation.refunds": ["app.customers.repository:note_refund"],
    },
)
