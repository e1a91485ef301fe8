"""PostgreSQL: the base of all models, sessions, and migrations with one history a feature."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.db.base import Base
    from app.db.engine import dispose, transaction

__all__ = ["Base", "dispose", "transaction"]

__getattr__ = lazy_exports(__name__, base=("Base",), engine=("dispose", "transaction"))
