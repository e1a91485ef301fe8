from app.core.registry import Feature

feature = Feature(
    name="embedded",
    stage="backend",
    summary="Real servers of a developer's machine, from Python packages, without Docker.",
    requires=("db",),
    extends={
        "core.variables": {"DATABASE_URL": "app.embedded.postgres:provide_database_url"},
        "embedded.servers": {"DATABASE_URL": "app.embedded.postgres:EmbeddedPostgres"},
    },
)
