"""Where documents come from: files and folders of this machine, and URLs."""

import asyncio
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.rag.errors import SourceNotFound
from app.rag.urls import download, is_url

Place = Path | str
"""A file, or a URL."""

_IGNORED = frozenset({"__pycache__", "node_modules"})


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that are named, and those below folders that are, each once. Hidden ones are left out.

    Raises `SourceNotFound`.
    """
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise SourceNotFound(f"There is no file or folder {path}.")
        for found in [path] if path.is_file() else _below(path):
            resolved = found.resolve()
            if resolved not in seen:
                seen.add(resolved)
                yield resolved


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _IGNORED)
        for name in sorted(names):
            path = Path(root, name)
            if not name.startswith(".") and path.is_file():
                yield path


def find_places(given: Iterable[str]) -> list[Place]:
    """Return files that are named or below named folders, and URLs. Raises `SourceNotFound`."""
    names = list(dict.fromkeys(given))
    urls: list[Place] = [name for name in names if is_url(name)]
    return [*find_files(Path(name) for name in names if not is_url(name)), *urls]


def source_of(place: Place) -> str:
    """Return the source of a document: a URL, or a whole path, so that two of one name are two documents."""
    return place if isinstance(place, str) else place.resolve().as_posix()


async def read_bytes(place: Place) -> bytes:
    """Return what is in a file or at a URL. Raises `OSError`, or a subclass of `AppError` for a URL."""
    return await (download(place) if isinstance(place, str) else asyncio.to_thread(place.read_bytes))
