"""Alembic's environment: the history of the one feature that `app/db/migrate.py` names."""

from typing import Any

from alembic import context

from app.db.base import Base
from app.db.migrate import version_table

_feature: str = context.config.attributes["feature"]
_tables = {
    mapper.local_table.description
    for mapper in Base.registry.mappers
    if mapper.class_.__module__.startswith(f"app.{_feature}.")
}


def _is_ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    return kind != "table" or name in _tables


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    version_table=version_table(_feature),
    include_name=lambda name, kind, _parents: kind != "table" or name in _tables,
    include_object=_is_ours,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
