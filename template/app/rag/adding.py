"""Add many files: some at the same time, one that fails stops no other."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.errors import AppError
from app.rag.files import source_of
from app.rag.models import EVERYONE, State
from app.rag.pipeline import Progress, add_document, ingest, no_progress

_AT_ONCE = 4


@dataclass(frozen=True)
class Outcome:
    """What became of a file."""

    path: Path
    id: str | None
    state: str
    """Of the document; `unchanged` if it was there already, `refused` if it could not even be kept."""
    error: AppError | None = None


async def add_files(
    paths: Iterable[Path],
    *,
    owner: str = EVERYONE,
    fields: Mapping[str, Any] | None = None,
    start: Callable[[Any], Any] | None = None,
    progress: Callable[[Path], Progress] | None = None,
) -> AsyncGenerator[Outcome, None]:
    """Add files and index them; yields what became of each. With `start`, others index them: it is called."""
    waiting = iter(paths)
    running: set[asyncio.Task[Outcome]] = set()
    try:
        while True:
            for path in waiting:
                shown = progress(path) if progress else no_progress
                running.add(asyncio.create_task(_add(path, owner, fields or {}, start, shown)))
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
    path: Path,
    owner: str,
    fields: Mapping[str, Any],
    start: Callable[[Any], Any] | None,
    progress: Progress,
) -> Outcome:
    try:
        file = await asyncio.to_thread(path.read_bytes)
        document, is_new = await add_document(file, source_of(path), owner=owner, fields=fields)
    except AppError as error:
        return Outcome(path, None, "refused", error)
    except OSError as error:
        refused = AppError(f"It cannot be read: {error.strerror or error}.")
        return Outcome(path, None, "refused", refused)
    if not is_new:
        return Outcome(path, str(document.id), "unchanged")
    if start:
        await start(document.id)
        return Outcome(path, str(document.id), State.queued)
    try:
        state = await ingest(document.id, progress)
    except AppError as error:
        return Outcome(path, str(document.id), State.failed, error)
    return Outcome(path, str(document.id), state)
