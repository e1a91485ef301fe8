"""PostgreSQL: the base of all models, sessions, and migrations with one history per feature."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.db.base import Base
    from app.db.engine import autocommit, dispose, other_connections, transaction
    from app.db.ids import new_id
    from app.db.migrate import upgrade
    from app.db.settings import DatabaseSettings

__all__ = [
    "Base",
    "DatabaseSettings",
    "autocommit",
    "dispose",
    "new_id",
    "other_connections",
    "transaction",
    "upgrade",
]

__getattr__ = lazy_exports(
    __name__,
    base=("Base",),
    engine=("autocommit", "dispose", "other_connections", "transaction"),
    ids=("new_id",),
    migrate=("upgrade",),
    settings=("DatabaseSettings",),
)
