"""Alembic's environment: the history of the one feature that `app/db/migrate.py` names."""

from typing import Any, Literal

from alembic import context

from app.db.base import Base, CleanedText, tables_of
from app.db.migrate import version_table

_feature: str = context.config.attributes["feature"]
_tables = tables_of(_feature)


def _is_ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    return kind != "table" or name in _tables


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write the type of our text as plain text: a migration must not change with the code."""
    return "sa.Text()" if kind == "type" and isinstance(item, CleanedText) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    version_table=version_table(_feature),
    include_name=lambda name, kind, _parents: kind != "table" or name in _tables,
    include_object=_is_ours,
    render_item=_render,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
