"""Programs that come inside Python packages, and the processes that they become."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from app.embedded.errors import EmbeddedServerError


def find_program(package: str, name: str) -> Path:
    """Return the path of a program in an installed package. Raises `EmbeddedServerError`."""
    if sys.platform == "win32":
        raise EmbeddedServerError(
            "The embedded services do not run on Windows.",
            hint="Use WSL, or start `docker compose up` and set DATABASE_URL and BROKER_URL.",
        )
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    found = next((path for folder in folders or () for path in Path(folder).rglob(name)), None)
    if found is None:
        raise EmbeddedServerError(
            f"The program {name} of the package {package} is not installed for this platform.",
            hint="Run `uv sync`; or set DATABASE_URL and BROKER_URL to servers of your own.",
        )
    return found


def read_number(path: Path, *, line: int) -> int | None:
    """Return the number in a line of a file; None if there is none, or no file."""
    try:
        return int(path.read_text(encoding="utf-8").splitlines()[line])
    except (OSError, IndexError, ValueError):
        return None


def is_alive(pid: int) -> bool:
    """Whether a process exists and has not ended: one that is stopped or slow is alive."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    try:  # a process that has ended stays in the table until its parent looks
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:  # no /proc on this system
        return True
