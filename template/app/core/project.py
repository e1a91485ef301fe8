"""What `pyproject.toml` says of this project: its name, version and description."""

import tomllib
from dataclasses import dataclass
from functools import cache

from app.core.paths import ROOT


@dataclass(frozen=True)
class Project:
    """The table `[project]`."""

    name: str
    version: str
    description: str


@cache
def about_project() -> Project:
    """Read `pyproject.toml`. In the template itself, which has none yet, return placeholders."""
    try:
        with (ROOT / "pyproject.toml").open("rb") as file:
            table = tomllib.load(file)["project"]
    except FileNotFoundError:
        return Project("app", "0", "")
    return Project(table["name"], table["version"], table["description"])
