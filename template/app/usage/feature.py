from app.core.registry import Feature

feature = Feature(
    name="usage",
    stage="monitoring",
    summary="What models cost: a ledger per key, workflow, model and day, and budgets that stop in time.",
    requires=("api", "db", "llm"),
    extends={
        "api.routes": ["app.usage.endpoints:router"],
        "core.commands": ["app.usage.cli:cli"],
        "core.settings": ["app.usage.settings:BudgetSettings"],
        "llm.meters": {"ledger": "app.usage.ledger:keep_account"},
    },
)
