from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="dev",
    stage="backend",
    summary="`app dev`: PostgreSQL, Valkey, API, worker and beat with one command, without Docker.",
    requires=("api", "db", "worker"),
    cli=Lazy("app.dev.cli:cli"),
    provides={
        "DATABASE_URL": Lazy("app.dev.services:provide_database_url"),
        "BROKER_URL": Lazy("app.dev.services:provide_broker_url"),
    },
)
