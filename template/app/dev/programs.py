"""Programs that come inside Python packages."""

import sys
from importlib.util import find_spec
from pathlib import Path

from app.dev.errors import DevError


def find_program(package: str, name: str) -> Path:
    """Return the path of a program in an installed package. Raises `DevError` if it is not there."""
    if sys.platform == "win32":
        raise DevError(
            "The embedded services do not run on Windows.",
            hint="Use WSL, or start `docker compose up` and set DATABASE_URL and BROKER_URL.",
        )
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    found = next((path for folder in folders or () for path in Path(folder).rglob(name)), None)
    if found is None:
        raise DevError(
            f"The program {name} of the package {package} is not installed for this platform.",
            hint="Type `uv sync`; or set DATABASE_URL and BROKER_URL to servers of your own.",
        )
    return found
