"""Watch files and folders: what changes is added again, what goes is removed."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from app.rag.errors import SourceNotFound
from app.rag.files import find_files

_LOOK_SECONDS = 1.0


async def changes(paths: Sequence[Path]) -> AsyncGenerator[tuple[list[Path], list[Path]], None]:
    """Yield the files that have changed or are new, and those that are gone, each time there are some."""
    before = await asyncio.to_thread(_snapshot, paths)
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        now = await asyncio.to_thread(_snapshot, paths)
        changed = [path for path, state in now.items() if before.get(path) != state]
        gone = [path for path in before if path not in now]
        before = now
        if changed or gone:
            yield changed, gone


def _snapshot(paths: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    found: dict[Path, tuple[int, int]] = {}
    for path in paths:
        try:
            for file in find_files([path]):
                state = file.stat()
                found[file] = (state.st_mtime_ns, state.st_size)
        except (SourceNotFound, FileNotFoundError):  # it goes while we look
            continue
    return found
