"""Migrations: one Alembic history and one version table a feature, as Django has it.

They run in the order of `requires`. A feature that arrives later, or leaves, touches no other history.
"""

import subprocess
import sys
from collections.abc import Callable, Generator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError, to_tuple
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.core.paths import APP, ROOT
from app.core.registry import load_features
from app.db.base import Base, import_models, tables_of
from app.db.engine import is_outage, unavailable
from app.db.errors import MigrationError
from app.db.extensions import FORMER_NAMES
from app.db.settings import DatabaseSettings

_OWN = "_own_"
"""In the names of your migrations of a feature of the template."""

_LOCK = 7_041_776_200_001
"""Key of the advisory lock that keeps two migrations apart."""
_LOCK_SECONDS = 5
"""A migration that waits for a table makes all others wait behind it: it gives up before they notice."""
_LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True)
class Status:
    """Where a feature's tables stand, and where its migrations end."""

    feature: str
    current: str | None
    head: str | None
    """Of a feature with migrations of yours and of the template's, both ends."""
    known: bool = True
    """Whether there is a file for the current revision."""
    lacks: tuple[str, ...] = ()
    """Columns of the models that the tables do not have, as `table.column`."""

    @property
    def is_current(self) -> bool:
        """Whether every migration is applied, and every model has its columns."""
        return self.known and self.current == self.head and not self.lacks

    @property
    def suffices(self) -> bool:
        """Whether this code can work with the tables: they are current, or of a version after it."""
        return self.is_current or (not self.known and not self.lacks)

    def __str__(self) -> str:
        """What a reader should know, and do."""
        where = f"{self.feature}: {self.current or 'base'}"
        if not self.known:
            advice = "restore it, or go to the branch that has it"
            return f"{where}, of which app/{_path(self.feature)}/migrations has no file: {advice}"
        if self.current != self.head:
            return f"{where}, behind {self.head}: run `uv run app db upgrade`"
        if self.lacks:
            advice = f"run `uv run app db revision {self.feature} 'add what is missing'`"
            return f"{where}, but no migration has made {', '.join(self.lacks)}: {advice}"
        return f"{where}, up to date"


def features_with_migrations() -> list[str]:
    """Return the features that have migrations, in the order in which these run."""
    return [f.name for f in load_features() if any((f.folder / "migrations").glob("*.py"))]


def upgrade(target: str = "head", feature: str | None = None) -> list[str]:
    """Apply migrations. Returns a line for each feature that changed."""
    with _locked() as connection:
        _rename_version_tables(connection)
        return [line for name in _chosen(feature) for line in _upgrade(connection, name, target)]


def _upgrade(connection: Connection, feature: str, target: str) -> list[str]:
    before = _status(connection, feature, _columns(connection))
    if not before.known and before.suffices:  # after a rollback
        return [f"{feature}: {before.current} is of a newer version, and stays"]
    return _apply(connection, before, lambda config: command.upgrade(config, _ends(target)))


def _ends(target: str) -> str:
    """Return Alembic's word for the ends of all branches: yours, and the template's."""
    return "heads" if target == "head" else target


def downgrade(target: str, feature: str | None = None) -> list[str]:
    """Take migrations back, in the reverse order. Returns a line for each feature that changed."""
    if feature is None and target != "base":
        raise MigrationError(
            f"Revision {target!r} belongs to one feature.", hint="Say which with --feature, or use 'base'."
        )
    with _locked() as connection:
        _rename_version_tables(connection)
        return [line for name in reversed(_chosen(feature)) for line in _downgrade(connection, name, target)]


def _downgrade(connection: Connection, feature: str, target: str) -> list[str]:
    before = _status(connection, feature, _columns(connection))
    return _apply(connection, before, lambda config: command.downgrade(config, target))


def revision(feature: str, message: str) -> Path:
    """Write a migration for what changed in the models of `feature`, and return its file.

    One of yours for a feature of the template has a name of its own: the next one of the template would
    else have the same. The two go on side by side from where yours began.
    """
    if feature not in {f.name for f in load_features()}:
        raise MigrationError(f"There is no feature {feature!r}.", hint="Run `uv run app features`.")
    if pending_changes(feature) is None:
        raise MigrationError(
            f"The models of {feature!r} have not changed.",
            hint=f"Change app/{_path(feature)}/models.py first.",
        )
    folder = APP / _path(feature) / "migrations"
    folder.mkdir(exist_ok=True)
    name = _next_name(feature, folder)
    with _locked() as connection, _explained():
        config = _history(feature, connection)
        base, others = _base_of_next(config)
        needed: Any = others  # Alembic takes a list too, its types say otherwise
        command.revision(
            config, message=message, rev_id=name, head=base, depends_on=needed, autogenerate=True
        )
    _format(folder / f"{name}.py")
    return folder / f"{name}.py"


def _next_name(feature: str, folder: Path) -> str:
    stage = next(f.stage for f in load_features() if f.name == feature)
    name = feature.replace(".", "_")
    if stage != "own" and (ROOT / ".copier-answers.yml").exists():
        return f"{name}{_OWN}{token_hex(4)}"
    return f"{name}_{len(list(folder.glob('*.py'))) + 1:04}"


def _base_of_next(config: Config) -> tuple[str, list[str] | None]:
    """Return what the next migration follows: your last one, if there is one; and what else it needs."""
    heads = ScriptDirectory.from_config(config).get_heads()
    own = [head for head in heads if _OWN in head]
    if len(heads) < 2 or not own:
        return "head", None
    return own[0], [head for head in heads if head != own[0]]


def _format(path: Path) -> None:
    """Format a file as the project's others, where the formatter is installed."""
    if find_spec("ruff"):
        for words in (["check", "--fix"], ["format"]):
            command = [sys.executable, "-m", "ruff", *words, "--quiet", str(path)]
            subprocess.run(command, cwd=ROOT, check=False)


def status() -> list[Status]:
    """Return the state of every feature's tables."""
    with _locked() as connection:
        return _statuses(connection)


def differences(connection: Connection) -> list[str]:
    """Return a sentence for each feature whose tables lack something that this code needs.

    A database that is ahead lacks nothing: a newer version has migrated it, and this one runs beside it, or
    again after a rollback (`tests/db/test_safe_migrations.py`).
    """
    return [str(status) for status in _statuses(connection) if not status.suffices]


def leftovers() -> list[str]:
    """Return the features that have left the project, and whose tables are still in the database."""
    known = {*features_with_migrations(), *FORMER_NAMES.load().values()}
    present = {version_table(name) for name in known}
    with _locked() as connection:
        found = connection.scalars(
            text(
                "SELECT table_name FROM information_schema.tables "
                "WHERE table_schema = current_schema() AND table_name LIKE '%\\_alembic'"
            )
        ).all()
    return sorted(name.removesuffix("_alembic") for name in set(found) - present)


def pending_changes(feature: str) -> str | None:
    """Return what the models of `feature` have that its migrations have not, or None."""
    with _locked() as connection:
        try:
            command.check(_history(feature, connection))
        except CommandError as error:
            return str(error)
    return None


@contextmanager
def _locked() -> Generator[Connection]:
    """Open a connection that holds the lock, so that two deployments do not migrate at the same time."""
    import_models()
    engine: Engine = create_engine(
        DatabaseSettings.load().connection_url(), connect_args={"connect_timeout": 5}
    )
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.execute(text(f"SET lock_timeout = '{_LOCK_SECONDS}s'"))
            connection.commit()
            yield connection
    except SQLAlchemyError as error:
        if getattr(getattr(error, "orig", None), "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise MigrationError(
                "Another transaction holds a table that the migration needs: nothing was changed.",
                hint="Try again when it has ended, such as a backup.",
            ) from error
        if is_outage(error):
            raise unavailable(error) from error
        raise
    finally:
        engine.dispose()


def _rename_version_tables(connection: Connection) -> None:
    """Let the history of a feature that was renamed go on under its new name."""
    for feature, former in FORMER_NAMES.load().items():
        old, new = version_table(former), version_table(feature)
        exists = text("SELECT to_regclass(:name) IS NOT NULL")
        if connection.scalar(exists, {"name": old}) and not connection.scalar(exists, {"name": new}):
            connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
    connection.commit()


def _chosen(feature: str | None) -> list[str]:
    names = features_with_migrations()
    if feature is None:
        return names
    if feature not in names:
        raise MigrationError(f"{feature!r} has no migrations.", hint=f"These have: {', '.join(names)}.")
    return [feature]


def _apply(connection: Connection, before: Status, action: Callable[[Config], None]) -> list[str]:
    feature = before.feature
    connection.commit()
    if not before.known:
        raise MigrationError(f"{before}.")
    with _explained():
        action(_history(feature, connection))
    after = _current(connection, feature)
    connection.commit()
    changed = before.current != _joined(after)
    return [f"{feature}: {before.current or 'base'} → {_joined(after) or 'base'}"] if changed else []


@contextmanager
def _explained() -> Generator[None]:
    try:
        yield
    except CommandError as error:
        raise MigrationError(f"{error}.", hint="Run `uv run app db status`.") from error


def _history(feature: str, connection: Connection | None = None) -> Config:
    config = Config(attributes={"feature": feature, "connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(APP / _path(feature) / "migrations"))
    config.set_main_option("file_template", "%%(rev)s")
    return config


def _current(connection: Connection, feature: str) -> frozenset[str]:
    context = MigrationContext.configure(connection, opts={"version_table": version_table(feature)})
    return frozenset(context.get_current_heads())


def _statuses(connection: Connection) -> list[Status]:
    columns = _columns(connection)
    return [_status(connection, name, columns) for name in features_with_migrations()]


def _status(connection: Connection, feature: str, columns: AbstractSet[tuple[str, str]]) -> Status:
    heads, known = _revisions(feature)
    current = _current(connection, feature)
    is_ahead = not current <= known
    return Status(
        feature,
        _joined(current),
        _joined(heads),
        known=not is_ahead,
        lacks=_lacking(feature, columns) if is_ahead or current == heads else (),
    )


def _joined(revisions: frozenset[str]) -> str | None:
    return " + ".join(sorted(revisions)) or None


@cache
def _revisions(feature: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the newest revisions of a feature, and all of them."""
    script = ScriptDirectory.from_config(_history(feature))
    revisions = list(script.walk_revisions())
    # what another one depends on is applied with it, and Alembic does not keep it apart
    implied = {name for revision in revisions for name in to_tuple(revision.dependencies, default=())}
    return frozenset(script.get_heads()) - implied, frozenset(r.revision for r in revisions)


def _columns(connection: Connection) -> AbstractSet[tuple[str, str]]:
    """Return the columns of all tables, each as its table and its name."""
    rows = connection.execute(
        text(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema()"
        )
    )
    return {(row.table_name, row.column_name) for row in rows}


def _lacking(feature: str, columns: AbstractSet[tuple[str, str]]) -> tuple[str, ...]:
    """Return the columns of a feature's models that its tables do not have."""
    tables = [Base.metadata.tables[name] for name in tables_of(feature)]
    wanted = ((table.name, column.name) for table in tables for column in table.columns)
    return tuple(f"{table}.{column}" for table, column in wanted if (table, column) not in columns)


def _path(feature: str) -> str:
    """Return the folder of a feature below `app`: that of `rag.store` is inside `rag`."""
    return feature.replace(".", "/")


def version_table(feature: str) -> str:
    """Return the table in which Alembic keeps the revision of a feature's tables."""
    return f"{feature.replace('.', '_')}_alembic"
