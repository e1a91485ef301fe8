"""A real PostgreSQL for all tests; each begins with empty tables."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from app.core.settings import Settings
from app.db import dispose, upgrade
from app.embedded import EmbeddedPostgres
from tests.conftest import SetEnvironment
from tests.db.parallel import share_server

_numbers = count(1)

_END_OTHER_CONNECTIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_EMPTY_ALL_TABLES = r"""
    DO $$ BEGIN EXECUTE (
        SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ') || ' RESTART IDENTITY'
        FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%\_alembic'
    ); END $$
"""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server on which databases can be made."""

    url: URL

    def database_url(self, name: str) -> str:
        return self.url.set(database=name).render_as_string(hide_password=False)

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.database_url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, name: str, template: str = "template1") -> str:
        """Make a database, and return its URL. A copy of a template takes a few milliseconds."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.database_url(name)

    def empty(self, name: str) -> None:
        """Empty all tables of a database. A fifth of the time that a new copy of it takes."""
        with psycopg.connect(self.database_url(name), autocommit=True) as connection:
            connection.execute(_END_OTHER_CONNECTIONS)
            connection.execute(_EMPTY_ALL_TABLES)

    def drop(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Start one server for all processes of a parallel run; they find it by `TEST_DATABASE_URL`."""
    share_server(config, "TEST_DATABASE_URL", partial(EmbeddedPostgres, durable=False))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of `TEST_DATABASE_URL`, or else an embedded one that ends with the tests."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield Server(make_url(url))
        return
    embedded = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False)
    embedded.start()
    try:
        yield Server(make_url(embedded.url("postgres")))
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres: Server) -> Iterator[str]:
    """The name of a database with all migrations applied, to make copies of."""
    name = f"template_{os.getpid()}"
    os.environ["DATABASE_URL"] = postgres.create(name)
    Settings.load.cache_clear()
    upgrade()
    del os.environ["DATABASE_URL"]
    yield name
    postgres.drop(name)


@pytest.fixture(autouse=True)
async def connections() -> AsyncIterator[None]:
    """Close the connections that a test has opened."""
    yield
    await dispose()


@pytest.fixture
async def empty_database(postgres: Server, set_environment: SetEnvironment) -> AsyncIterator[str]:
    """An empty database, to which the settings lead. Gives its URL."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    url = postgres.create(name)
    set_environment(DATABASE_URL=url)
    yield url
    await dispose()  # an open connection would keep the database from going
    postgres.drop(name)


@pytest.fixture
async def own_database(
    postgres: Server, migrated_template: str, set_environment: SetEnvironment
) -> AsyncIterator[str]:
    """A database with all tables, for a test that changes them; the settings lead to it. Gives its URL."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    url = postgres.create(name, migrated_template)
    set_environment(DATABASE_URL=url)
    yield url
    await dispose()
    postgres.drop(name)


@pytest.fixture(scope="session")
def emptied_database(postgres: Server, migrated_template: str) -> Iterator[str]:
    """The name of the database that `database` empties: one for each process of a parallel run."""
    name = f"test_{os.getpid()}"
    postgres.create(name, migrated_template)
    yield name
    postgres.drop(name)


@pytest.fixture
def database(postgres: Server, emptied_database: str, set_environment: SetEnvironment) -> str:
    """A database with all tables and nothing in them, to which the settings lead. Gives its URL."""
    postgres.empty(emptied_database)
    url = postgres.database_url(emptied_database)
    set_environment(DATABASE_URL=url)
    return url
