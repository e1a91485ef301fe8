"""Follow a run: what has happened to it, and then what happens, until it ends."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from uuid import UUID

from app.runs import repository
from app.runs.listen import get_listener
from app.runs.models import RunEvent, Status

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
