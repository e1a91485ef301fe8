from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="db",
    stage="backend",
    summary="PostgreSQL, with one migration history for each feature.",
    settings=(Lazy("app.db.settings:DatabaseSettings"),),
    preflight=(Lazy("app.db.engine:get_engine"),),
    cli=Lazy("app.db.cli:cli"),
    lifespan=Lazy("app.db.engine:lifespan"),
    checks={"database": Lazy("app.db.engine:check_database")},
)
