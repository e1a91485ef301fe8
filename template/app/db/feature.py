from app.core.registry import Feature

feature = Feature(
    name="db",
    stage="backend",
    summary="PostgreSQL, with one migration history for each feature.",
    extends={
        "core.settings": ["app.db.settings:DatabaseSettings"],
        "core.preflight": ["app.db.engine:get_engine"],
        "core.commands": ["app.db.cli:cli"],
        "core.lifespans": ["app.db.engine:lifespan"],
        "core.checks": {"database": "app.db.engine:check_database"},
    },
)
