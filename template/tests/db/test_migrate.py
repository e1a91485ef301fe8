from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import column, table, text, update

from app.core.paths import APP
from app.db import migrate, transaction
from app.db.base import Base, tables_of
from app.db.engine import check_database
from app.db.errors import DatabaseOutOfDate, DatabaseUnavailable, MigrationError
from app.db.extensions import FORMER_NAMES
from tests.conftest import SetEnvironment

FEATURES = migrate.features_with_migrations()


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {row[0] for row in rows}


def migrations(feature: str) -> set[Path]:
    return set(APP.joinpath(*feature.split("."), "migrations").glob("*.py"))


def test_an_empty_database_gets_all_tables_and_loses_them_again(empty_database: str) -> None:
    migrate.upgrade()
    up = tables(empty_database)
    migrate.downgrade("base")
    down = tables(empty_database)

    versions = {migrate.version_table(feature) for feature in FEATURES}
    assert up > versions
    assert down == versions


def test_a_second_upgrade_changes_nothing(empty_database: str) -> None:
    assert [line.split(":")[0] for line in migrate.upgrade()] == FEATURES
    assert migrate.upgrade() == []


@pytest.mark.parametrize("feature", FEATURES)
def test_the_models_of_a_feature_have_nothing_that_its_migrations_have_not(
    feature: str, own_database: str
) -> None:
    assert migrate.pending_changes(feature) is None


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_can_leave_and_come_back(feature: str, own_database: str) -> None:
    before = tables(own_database)

    migrate.downgrade("base", feature)
    migrate.upgrade(feature=feature)

    assert tables(own_database) == before


@pytest.mark.parametrize("feature", FEATURES)
def test_revisions_carry_the_name_of_their_feature(feature: str) -> None:
    names = [path.stem for path in migrations(feature)]

    own = FORMER_NAMES.load().get(feature, feature).replace(".", "_")
    assert names
    assert all(name.startswith(f"{own}_") for name in names)


@pytest.fixture
def renamed() -> Generator[None]:
    """Where no feature of the project has been renamed, let one be."""
    with FORMER_NAMES.override(RENAMED):
        yield


RENAMED = FORMER_NAMES.load() or {FEATURES[0]: "formerly"}


@pytest.mark.parametrize(("feature", "former"), RENAMED.items())
def test_a_feature_that_was_renamed_keeps_its_tables_and_their_history(
    feature: str, former: str, renamed: None, own_database: str
) -> None:
    with psycopg.connect(own_database, autocommit=True) as connection:
        rename = f"ALTER TABLE {migrate.version_table(feature)} RENAME TO {former}_alembic"
        connection.execute(rename.encode())
    before = tables(own_database) - {f"{former}_alembic"}

    assert migrate.leftovers() == []
    assert migrate.upgrade() == []
    assert tables(own_database) == before | {migrate.version_table(feature)}


def test_the_status_says_what_is_applied(empty_database: str) -> None:
    before = migrate.status()
    migrate.upgrade()
    after = migrate.status()

    assert {s.current for s in before} == {None}
    assert all(s.current == s.head for s in after)


def test_a_revision_without_a_file_is_explained(own_database: str) -> None:
    feature = migrate.status()[0].feature
    with psycopg.connect(own_database) as connection:
        table = sql.Identifier(migrate.version_table(feature))
        connection.execute(sql.SQL("UPDATE {} SET version_num = 'later'").format(table))

    lines = [str(status) for status in migrate.status()]
    folder = f"app/{feature.replace('.', '/')}/migrations"
    assert any(f"later, of which {folder} has no file" in line for line in lines)
    with pytest.raises(MigrationError, match="restore it"):
        migrate.downgrade("base", feature)


def test_a_migration_without_a_change_is_refused(own_database: str) -> None:
    before = migrations(FEATURES[0])

    with pytest.raises(MigrationError, match="have not changed"):
        migrate.revision(FEATURES[0], "nothing")

    assert migrations(FEATURES[0]) == before


def test_one_step_back_needs_a_feature(own_database: str) -> None:
    with pytest.raises(MigrationError, match="--feature"):
        migrate.downgrade("-1")


@pytest.mark.parametrize(("target", "feature"), [("nonsense", FEATURES[0]), ("head", "nonsense")])
def test_an_unknown_revision_or_feature_is_refused(target: str, feature: str, own_database: str) -> None:
    with pytest.raises(MigrationError, match="nonsense"):
        migrate.upgrade(target, feature)


def test_a_database_that_does_not_answer_is_named_without_its_password(
    set_environment: SetEnvironment,
) -> None:
    set_environment(DATABASE_URL="postgresql://anna:hunter2@127.0.0.1:1/app")

    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1:1/app") as caught:
        migrate.upgrade()

    assert "hunter2" not in str(caught.value)


async def test_a_database_that_a_newer_version_has_migrated_is_ready(own_database: str) -> None:
    """That version runs beside this one, or was rolled back."""
    await be_migrated_by_a_newer_version()

    assert "PostgreSQL" in await check_database()
    assert migrate.upgrade() == [f"{FEATURES[-1]}: newer is of a newer version, and stays"]


async def test_a_database_that_lacks_a_column_is_not_ready_whatever_its_version(own_database: str) -> None:
    name = min(tables_of(FEATURES[-1]))
    last = Base.metadata.tables[name].columns.keys()[-1]
    await be_migrated_by_a_newer_version()
    async with transaction() as session:
        await session.execute(text(f"ALTER TABLE {name} DROP COLUMN {last} CASCADE"))

    with pytest.raises(DatabaseOutOfDate):
        await check_database()


def test_a_migration_that_would_wait_for_a_table_gives_up(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "_LOCK_SECONDS", 0.2)
    name = min(tables_of(FEATURES[-1]))
    with psycopg.connect(own_database) as connection:
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(sql.Identifier(name)))

        with pytest.raises(MigrationError, match="Another transaction"):
            migrate.downgrade("base", FEATURES[-1])

    assert migrate.status()[-1].is_current


async def be_migrated_by_a_newer_version() -> None:
    versions = table(migrate.version_table(FEATURES[-1]), column("version_num"))
    async with transaction() as session:
        await session.execute(update(versions).values(version_num="newer"))
