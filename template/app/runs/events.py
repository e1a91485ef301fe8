"""Follow the events of runs as they happen, over one LISTEN connection per process.

What is heard is only that something happened to a run; who waits then reads the tables. So a lost connection
loses nothing: after it is back, all who wait look once.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from uuid import UUID

import psycopg
import structlog

from app.db import DatabaseSettings
from app.runs import repository
from app.runs.models import RunEvent, Status
from app.runs.recording import CHANNEL

log = structlog.get_logger(__name__)

_RECONNECT_SECONDS = 1.0
_LOOK_SECONDS = 15.0
"""How long to rely on announcements alone; then look, in case one was lost."""


async def follow_run(run_id: UUID, after: int = 0) -> AsyncGenerator[RunEvent, None]:
    """Yield the events of a run that come after an event, until the run ends.

    No connection to the database is held while there is nothing to tell.
    """
    async with get_listener().subscribe(run_id) as news:
        while True:
            news.clear()
            for event in await repository.events_after(run_id, after):
                after = event.id
                yield event
            run = await repository.get_run(run_id)
            if run is None or Status(run.status).is_final:
                for event in await repository.events_after(run_id, after):
                    yield event
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await news.wait()


class Listener:
    """Wakes those who wait for a run."""

    def __init__(self) -> None:
        self._waiting: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def subscribe(self, run_id: UUID) -> AsyncGenerator[asyncio.Event, None]:
        """Give an event that is set whenever something happens to the run. The waiter clears it."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
        event = asyncio.Event()
        self._waiting[run_id].add(event)
        try:
            yield event
        finally:
            self._waiting[run_id].discard(event)
            if not self._waiting[run_id]:
                del self._waiting[run_id]

    async def close(self) -> None:
        """Stop listening."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                await self._receive()
            except psycopg.Error as error:
                log.warning("listen.lost", reason=str(error).splitlines()[0])
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _receive(self) -> None:
        url = DatabaseSettings.load().connection_url().set(drivername="postgresql")
        connection = await psycopg.AsyncConnection.connect(
            url.render_as_string(hide_password=False), autocommit=True, connect_timeout=5
        )
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}".encode())
            for run_id in list(self._waiting):  # what happened while nobody listened
                self._wake(run_id)
            async for notification in connection.notifies():
                with contextlib.suppress(ValueError):
                    self._wake(UUID(notification.payload))

    def _wake(self, run_id: UUID) -> None:
        for event in self._waiting.get(run_id, ()):
            event.set()


@cache
def get_listener() -> Listener:
    """Return the listener of this process."""
    return Listener()


@asynccontextmanager
async def lifespan() -> AsyncGenerator[None, None]:
    """Stop listening when the API stops."""
    try:
        yield
    finally:
        await get_listener().close()
        get_listener.cache_clear()
