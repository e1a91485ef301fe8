"""Add many files: some at the same time, one that fails stops no other."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.errors import AppError
from app.rag.files import Place, read_bytes, source_of
from app.rag.models import EVERYONE, State
from app.rag.pipeline import Progress, add_document, ingest, no_progress

_AT_ONCE = 4


@dataclass(frozen=True)
class Outcome:
    """What became of a file or a URL."""

    place: Place
    id: str | None
    state: str
    """Of the document; `unchanged` if it was there already, `refused` if it could not even be kept."""
    error: AppError | None = None


async def add_files(
    places: Iterable[Place],
    *,
    owner: str = EVERYONE,
    fields: Mapping[str, Any] | None = None,
    start: Callable[[Any], Any] | None = None,
    progress: Callable[[Place], Progress] | None = None,
) -> AsyncGenerator[Outcome, None]:
    """Add files and index them; yields what became of each. With `start`, others index them: it is called."""
    waiting = iter(places)
    running: set[asyncio.Task[Outcome]] = set()
    try:
        while True:
            for place in waiting:
                shown = progress(place) if progress else no_progress
                running.add(asyncio.create_task(_add(place, owner, fields or {}, start, shown)))
                if len(running) >= _AT_ONCE:
                    break
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _add(
    place: Place,
    owner: str,
    fields: Mapping[str, Any],
    start: Callable[[Any], Any] | None,
    progress: Progress,
) -> Outcome:
    try:
        file = await read_bytes(place)
        document, is_new = await add_document(file, source_of(place), owner=owner, fields=fields)
    except AppError as error:
        return Outcome(place, None, "refused", error)
    except OSError as error:
        refused = AppError(f"It cannot be read: {error.strerror or error}.")
        return Outcome(place, None, "refused", refused)
    was_interrupted = not start and document.state != State.indexed
    if not is_new and not was_interrupted:
        return Outcome(place, str(document.id), "unchanged")
    if start:
        await start(document.id)
        return Outcome(place, str(document.id), State.queued)
    try:
        state = await ingest(document.id, progress)
    except AppError as error:
        return Outcome(place, str(document.id), State.failed, error)
    return Outcome(place, str(document.id), state)
