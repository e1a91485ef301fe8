from app.core.registry import Feature

feature = Feature(
    name="systems.automation.store",
    stage="design",
    summary="Customers and their orders in the database.",
    requires=("db",),
    extends={
        "core.commands": ["app.systems.automation.store.cli:cli"],
        "db.former_names": {"systems.automation.store": "app.systems.automation.store.models:FORMER_NAME"},
        "systems.automation.customers": ["app.systems.automation.store.repository:find_customer"],
        "systems.automation.refunds": ["app.systems.automation.store.repository:note_refund"],
    },
)
