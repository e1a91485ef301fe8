"""Migrations: one Alembic history and one version table a feature, as Django has it.

They run in the order of `requires`. A feature that arrives later, or leaves, touches no other history.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.core.paths import APP
from app.core.registry import load_features
from app.db.base import import_models
from app.db.engine import is_outage, unavailable
from app.db.errors import MigrationError
from app.db.settings import DatabaseSettings

_LOCK = 7_041_776_200_001
"""Key of the advisory lock that keeps two migrations apart."""


@dataclass(frozen=True)
class Status:
    """Where a feature's tables stand, and where its migrations end."""

    feature: str
    current: str | None
    head: str | None
    known: bool = True
    """Whether there is a file for the current revision."""

    def __str__(self) -> str:
        """What a reader should know, and do."""
        where = f"{self.feature}: {self.current or 'base'}"
        if not self.known:
            advice = "restore it, or go to the branch that has it"
            return f"{where}, of which app/{self.feature}/migrations has no file: {advice}"
        if self.current != self.head:
            return f"{where}, behind {self.head}: type `uv run app db upgrade`"
        return f"{where}, up to date"


def features_with_migrations() -> list[str]:
    """Return the features that own tables, in the order in which these are made."""
    return [f.name for f in load_features() if any((f.folder / "migrations").glob("*.py"))]


def upgrade(target: str = "head", feature: str | None = None) -> list[str]:
    """Apply migrations. Returns a line for each feature that changed."""
    with _locked() as connection:
        return [
            line
            for name in _chosen(feature)
            for line in _apply(connection, name, lambda config: command.upgrade(config, target))
        ]


def downgrade(target: str, feature: str | None = None) -> list[str]:
    """Take migrations back, in the reverse order. Returns a line for each feature that changed."""
    if feature is None and target != "base":
        raise MigrationError(
            f"Revision {target!r} belongs to one feature.", hint="Say which with --feature, or use 'base'."
        )
    with _locked() as connection:
        return [
            line
            for name in reversed(_chosen(feature))
            for line in _apply(connection, name, lambda config: command.downgrade(config, target))
        ]


def revision(feature: str, message: str) -> Path:
    """Write a migration for what changed in the models of `feature`, and return its file."""
    if feature not in {f.name for f in load_features()}:
        raise MigrationError(f"There is no feature {feature!r}.", hint="Type `uv run app features`.")
    if pending_changes(feature) is None:
        raise MigrationError(
            f"The models of {feature!r} have not changed.", hint=f"Change app/{feature}/models.py first."
        )
    folder = APP / feature / "migrations"
    folder.mkdir(exist_ok=True)
    number = len(list(folder.glob("*.py"))) + 1
    with _locked() as connection, _explained():
        config = _history(feature, connection)
        command.revision(config, message=message, rev_id=f"{feature}_{number:04}", autogenerate=True)
    return folder / f"{feature}_{number:04}.py"


def status() -> list[Status]:
    """Return the state of every feature's tables."""
    with _locked() as connection:
        return [_status(connection, name) for name in features_with_migrations()]


def differences(connection: Connection) -> list[str]:
    """Return a sentence for each feature whose tables are not those of its migrations."""
    found = [_status(connection, name) for name in features_with_migrations()]
    return [str(s) for s in found if s.current != s.head]


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
            connection.commit()
            yield connection
    except SQLAlchemyError as error:
        if is_outage(error):
            raise unavailable() from error
        raise
    finally:
        engine.dispose()


def _chosen(feature: str | None) -> list[str]:
    names = features_with_migrations()
    if feature is None:
        return names
    if feature not in names:
        raise MigrationError(f"{feature!r} has no migrations.", hint=f"These have: {', '.join(names)}.")
    return [feature]


def _apply(connection: Connection, feature: str, action: Callable[[Config], None]) -> list[str]:
    before = _status(connection, feature)
    connection.commit()
    if not before.known:
        raise MigrationError(f"{before}.")
    with _explained():
        action(_history(feature, connection))
    after = _current(connection, feature)
    connection.commit()
    changed = before.current != after
    return [f"{feature}: {before.current or 'base'} → {after or 'base'}"] if changed else []


@contextmanager
def _explained() -> Generator[None]:
    try:
        yield
    except CommandError as error:
        raise MigrationError(f"{error}.", hint="Type `uv run app db status`.") from error


def _history(feature: str, connection: Connection | None = None) -> Config:
    config = Config(attributes={"feature": feature, "connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(APP / feature / "migrations"))
    config.set_main_option("file_template", "%%(rev)s")
    return config


def _current(connection: Connection, feature: str) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": version_table(feature)})
    return context.get_current_revision()


def _status(connection: Connection, feature: str) -> Status:
    head, known = _revisions(feature)
    current = _current(connection, feature)
    return Status(feature, current, head, known=current is None or current in known)


@cache
def _revisions(feature: str) -> tuple[str | None, frozenset[str]]:
    """Return the newest revision of a feature, and all of them."""
    script = ScriptDirectory.from_config(_history(feature))
    return script.get_current_head(), frozenset(r.revision for r in script.walk_revisions())


def version_table(feature: str) -> str:
    """Return the table in which Alembic keeps the revision of a feature's tables."""
    return f"{feature}_alembic"
