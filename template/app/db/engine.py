"""Connections and transactions."""

import json
import os
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from sqlalchemy import exc, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from app.core.text import cleaned
from app.db.connection import connector
from app.db.errors import DatabaseOutOfDate, DatabaseUnavailable
from app.db.settings import DatabaseSettings

_OLD_TABLES = ("42P01", "42703")
"""SQLSTATE: no such table, no such column."""

_UNAVAILABLE = ("08", "28", "3D", "53", "57P")
"""SQLSTATE classes: connection, authorization, no such database, no resources, shutting down."""

_SILENT = ("does not answer", "Start it, or correct DATABASE_URL (and DATABASE_PASSWORD).")
_REFUSED = ("refuses the user or the password", "Correct DATABASE_PASSWORD, or the user in DATABASE_URL.")
_EXHAUSTED = {
    "53100": ("has no room left on its disk", "Free some, or enlarge it. Nothing was written."),
    "53200": ("is out of memory", "Give it more, or send it less at a time."),
    "53300": ("accepts no more connections", "Raise its max_connections, or lower DATABASE_POOL_SIZE."),
}
"""SQLSTATE of a server that answers, but cannot go on: what it lacks, and what to do."""

_GRACE = 5.0
"""Seconds beyond its own limit until a server that says nothing is given up."""


@cache
def get_engine() -> AsyncEngine:
    """Return the engine of this process; it belongs to the event loop that first uses it."""
    settings = DatabaseSettings.load()
    timeout = round(settings.statement_timeout * 1000)
    return create_async_engine(
        settings.connection_url(),
        pool_pre_ping=True,
        pool_size=settings.pool_size,
        max_overflow=settings.max_overflow,
        pool_recycle=1800,
        hide_parameters=True,  # an error shows the statement, not what people wrote
        json_serializer=to_jsonb,
        connect_args={
            "async_creator_fn": connector(settings.statement_timeout + _GRACE),
            "options": f"-c statement_timeout={timeout}",
            "connect_timeout": 5,
            "application_name": f"app {os.getpid()}",
        },
    )


_UNSTORABLE = re.compile(r"\\u(?:0000|d[89ab][0-9a-f]{2}|d[c-f][0-9a-f]{2})")


def to_jsonb(value: Any) -> str:
    """Return JSON that PostgreSQL takes: see `app.core.text`. Every JSONB column is written through this."""
    try:
        document = json.dumps(value, allow_nan=False)
    except ValueError:  # NaN or infinity
        return json.dumps(cleaned(value))
    # emoji are escaped as pairs of surrogates too: then cleaning changes nothing
    return json.dumps(cleaned(value)) if _UNSTORABLE.search(document) else document


@asynccontextmanager
async def transaction() -> AsyncGenerator[AsyncSession, None]:
    """Open a session and a transaction: committed at the end, rolled back on an error.

    Keep it short: no call of a model or of another service inside. Raises `DatabaseUnavailable`.
    """
    async with _session(autocommits=False) as session:
        yield session


@asynccontextmanager
async def autocommit() -> AsyncGenerator[AsyncSession, None]:
    """Open a session in which each statement is a transaction of its own.

    Without BEGIN and COMMIT around it a statement is one message to the server instead of three. Raises
    `DatabaseUnavailable`.
    """
    async with _session(autocommits=True) as session:
        yield session


@cache
def _sessions(*, autocommits: bool) -> async_sessionmaker[AsyncSession]:
    engine = get_engine()
    if autocommits:
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    return async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def _session(*, autocommits: bool) -> AsyncGenerator[AsyncSession, None]:
    try:
        async with _sessions(autocommits=autocommits).begin() as session:
            yield session
    except SQLAlchemyError as error:
        if is_outage(error):
            raise unavailable(error) from error
        if getattr(getattr(error, "orig", None), "sqlstate", None) in _OLD_TABLES:
            raise DatabaseOutOfDate(
                "The database lacks tables or columns.", hint="Run `uv run app db upgrade`."
            ) from error
        raise


def is_outage(error: SQLAlchemyError) -> bool:
    """Whether the server could not be used at all, as opposed to a fault of the statement."""
    if isinstance(error, exc.TimeoutError):  # all connections of the pool are in use
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # no answer from a server: the connection was refused, lost or timed out
        return type(error.orig).__name__ in {"OperationalError", "ConnectionTimeout", "InterfaceError"}
    return str(state).startswith(_UNAVAILABLE)


def unavailable(error: SQLAlchemyError) -> DatabaseUnavailable:
    """Return the error to raise, which names the server but no password."""
    url = get_engine().url
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    what, hint = _EXHAUSTED.get(state or "", _SILENT)
    if "password authentication failed" in str(error):  # there is no SQLSTATE while a connection is made
        what, hint = _REFUSED
    return DatabaseUnavailable(
        f"PostgreSQL at {url.host or 'the local socket'}:{url.port or 5432}/{url.database} {what}.", hint=hint
    )


async def check_database() -> str:
    """Ask the server for its version, and whether all migrations are applied."""
    from app.db.migrate import differences  # Alembic is not needed for anything else that runs

    async with transaction() as session:
        version = await session.scalar(text("SHOW server_version"))
        connection = await session.connection()
        if found := await connection.run_sync(differences):
            raise DatabaseOutOfDate(f"{'; '.join(found)}.", hint="`uv run app db status` says more.")
    return f"PostgreSQL {version}"


async def other_connections() -> int:
    """Return how many connections other processes hold to this database."""
    mine = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND application_name <> current_setting('application_name')"
    )
    async with autocommit() as session:
        return int(await session.scalar(mine) or 0)


async def dispose() -> None:
    """Close all connections of this process."""
    if get_engine.cache_info().currsize:
        await get_engine().dispose()
        get_engine.cache_clear()
        _sessions.cache_clear()


@asynccontextmanager
async def lifespan() -> AsyncGenerator[None, None]:
    """Close the connections when the API stops."""
    try:
        yield
    finally:
        await dispose()
