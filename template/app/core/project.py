"""What `pyproject.toml` says of this project: its name, version and description."""

import tomllib
from dataclasses import dataclass
from functools import cache

from app.core.paths import ROOT


@dataclass(frozen=True)
class Project:
    """The table `[project]`, and the title that people see."""

    name: str
    title: str
    version: str
    description: str


@cache
def about_project() -> Project:
    """Read `pyproject.toml`. In the template itself, which has none yet, return placeholders."""
    try:
        with (ROOT / "pyproject.toml").open("rb") as file:
            document = tomllib.load(file)
    except FileNotFoundError:
        return Project("app", "App", "0", "")
    table = document["project"]
    title = document.get("tool", {}).get("app", {}).get("title", table["name"])
    return Project(table["name"], title, table["version"], table["description"])
