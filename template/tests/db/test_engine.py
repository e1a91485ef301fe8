import os
import signal

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from app.core.errors import ConfigurationError
from app.db import DatabaseSettings, autocommit, engine, transaction
from app.db.connection import connector
from app.db.engine import check_database
from app.db.errors import DatabaseOutOfDate, DatabaseUnavailable
from tests.conftest import SetEnvironment


async def test_a_transaction_is_committed(empty_database: str) -> None:
    async with transaction() as session:
        await session.execute(text("CREATE TABLE t AS SELECT 1 AS n"))

    async with transaction() as session:
        assert await session.scalar(text("SELECT n FROM t")) == 1


async def test_an_error_rolls_everything_back(empty_database: str) -> None:
    async def fail() -> None:
        async with transaction() as session:
            await session.execute(text("CREATE TABLE t (n int)"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()

    async with transaction() as session:
        assert await session.scalar(text("SELECT to_regclass('t')")) is None


async def test_a_fault_of_a_statement_stays_what_it_is(empty_database: str) -> None:
    async def fail() -> None:
        async with transaction() as session:
            await session.execute(text("CREATE TABLE t (n int UNIQUE)"))
            await session.execute(text("INSERT INTO t VALUES (1), (1)"))

    with pytest.raises(IntegrityError):
        await fail()


async def test_a_database_without_its_tables_is_not_ready(empty_database: str) -> None:
    with pytest.raises(DatabaseOutOfDate, match="app db upgrade"):
        await check_database()


async def test_a_missing_table_is_a_typed_error(empty_database: str) -> None:
    with pytest.raises(DatabaseOutOfDate, match="app db upgrade"):
        async with transaction() as session:
            await session.execute(text("SELECT * FROM no_such_table"))


async def test_a_server_that_hangs_is_given_up(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "connector", lambda _seconds: connector(0.3))
    async with autocommit() as session:
        backend = await session.scalar(text("SELECT pg_backend_pid()"))

    async def ask() -> None:
        async with transaction() as session:
            assert await session.scalar(text("SELECT pg_backend_pid()")) == backend
            os.kill(backend, signal.SIGSTOP)
            await session.scalar(text("SELECT 1"))

    try:
        with pytest.raises(DatabaseUnavailable):
            await ask()
    finally:
        os.kill(backend, signal.SIGCONT)


@pytest.mark.parametrize(
    ("state", "said"),
    [("53100", "no room left on its disk"), ("53200", "out of memory"), ("53300", "no more connections")],
)
async def test_a_server_that_lacks_something_says_what(state: str, said: str, database: str) -> None:
    """PostgreSQL itself raises the error; filling its disk would stop the tests beside this one."""
    statement = text(f"DO $$ BEGIN RAISE 'full' USING ERRCODE = '{state}'; END $$")

    with pytest.raises(DatabaseUnavailable, match=said):
        async with transaction() as session:
            await session.execute(statement)


async def test_the_check_says_which_server_answers(database: str) -> None:
    assert (await check_database()).startswith("PostgreSQL ")


@pytest.mark.parametrize("change", ["port", "database", "password"])
async def test_a_server_that_cannot_be_used_is_a_typed_error(
    change: str, database: str, set_environment: SetEnvironment
) -> None:
    url = DatabaseSettings.load().connection_url()
    wrong = {
        "port": url.set(port=1),
        "database": url.set(database="gone"),
        "password": url.set(password="wrong"),
    }
    set_environment(DATABASE_URL=wrong[change].render_as_string(hide_password=False))

    with pytest.raises(DatabaseUnavailable):
        await check_database()


@pytest.mark.parametrize("url", ["nonsense", "mysql://u@h/d", "postgresql://u@h:5432"])
def test_what_is_no_url_of_postgresql_is_refused(url: str, set_environment: SetEnvironment) -> None:
    set_environment(DATABASE_URL=url)

    with pytest.raises(ConfigurationError, match="DATABASE_URL is wrong"):
        DatabaseSettings.load()


def test_the_password_can_be_given_apart(set_environment: SetEnvironment) -> None:
    set_environment(DATABASE_URL="postgresql://app@db:5432/app", DATABASE_PASSWORD="p@ss/word")

    url = DatabaseSettings.load().connection_url()

    assert (url.username, url.password, url.drivername) == ("app", "p@ss/word", "postgresql+psycopg")


def test_a_password_in_the_url_wins(set_environment: SetEnvironment) -> None:
    set_environment(DATABASE_URL="postgresql://app:mine@db:5432/app", DATABASE_PASSWORD="other")

    assert DatabaseSettings.load().connection_url().password == "mine"


def test_a_password_that_is_refused_is_named(set_environment: SetEnvironment) -> None:
    set_environment(DATABASE_URL="postgresql://app@127.0.0.1/app")
    refused = psycopg.OperationalError('FATAL:  password authentication failed for user "app"')

    error = engine.unavailable(OperationalError("select 1", {}, refused))

    assert "refuses the user or the password" in str(error)
