"""Where things are in a checkout of this project."""

from pathlib import Path

APP = Path(__file__).parent.parent
"""The package `app`."""

ROOT = APP.parent
"""The project: the folder of `.env`, `pyproject.toml` and `.data/`."""
