"""Files and folders of this machine, to be added as documents."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.rag.errors import SourceNotFound

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


def source_of(path: Path) -> str:
    """Return the source of a file: its whole path, so that two of the same name are two documents."""
    return path.resolve().as_posix()
