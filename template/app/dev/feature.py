from app.core.registry import Feature

feature = Feature(
    name="dev",
    stage="backend",
    summary="`app dev`: PostgreSQL, Valkey, API, worker and beat with one command, without Docker.",
    requires=("api", "db", "embedded", "worker", "workflows"),
    extends={
        "core.commands": ["app.dev.cli:cli"],
        "core.variables": {"BROKER_URL": "app.dev.valkey:provide_broker_url"},
        "embedded.servers": {"BROKER_URL": "app.dev.valkey:EmbeddedValkey"},
    },
)
