from app.core.registry import Feature

feature = Feature(
    name="dev",
    stage="backend",
    summary="`app dev`: PostgreSQL, Valkey, API, worker and beat with one command, without Docker.",
    requires=("api", "db", "worker", "workflows"),
    extends={
        "core.commands": ["app.dev.cli:cli"],
        "core.variables": {
            "DATABASE_URL": "app.dev.services:provide_database_url",
            "BROKER_URL": "app.dev.services:provide_broker_url",
        },
    },
)
