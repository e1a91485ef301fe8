"""`.env`, made from `.env.example`."""

import os
import re
import secrets
import tempfile
from pathlib import Path

from app.core.errors import ConfigurationError
from app.core.paths import ROOT
from app.core.settings import RANDOM

_VARIABLE = re.compile(r"^(?P<name>[A-Za-z_]\w*)=(?P<value>.*)$")


def write_environment_file(root: Path = ROOT) -> list[str]:
    """Write `.env`, readable by its owner alone, and return what was done, a line each.

    Existing values stay as they are; variables that `.env.example` has and `.env` has not are added, and
    each placeholder gets a random secret. The file is replaced in one step: it is never half written.
    """
    example, target = root / ".env.example", (root / ".env").resolve()
    if not example.is_file():
        raise ConfigurationError(f"{example} does not exist.", hint="Restore it: it lists all settings.")
    wanted = example.read_text(encoding="utf-8")
    done: list[str] = []
    if not target.exists():
        text = wanted
        done.append(f"Wrote {target.name}: put the key of your model provider in it.")
    else:
        text = target.read_text(encoding="utf-8")
        if missing := [line for line in _variables(wanted) if _name(line) not in _known(text)]:
            text = "\n".join([text.rstrip("\n"), "", *missing, ""])
            done.append(f"Added {', '.join(map(_name, missing))} to {target.name}.")
    filled = "\n".join(_fill(line) for line in text.split("\n"))
    if filled != text:
        done.append("Made random secrets.")
    _replace(target, filled)
    return done or [f"{target.name} is complete: nothing changed."]


def _variables(text: str) -> list[str]:
    return [line for line in text.splitlines() if _VARIABLE.match(line)]


def _known(text: str) -> set[str]:
    """Return the variables that a file mentions, also as a comment: the owner has seen those."""
    lines = (line.lstrip("# ").removeprefix("export ") for line in text.splitlines())
    return {_name(line) for line in lines if _VARIABLE.match(line)}


def _name(line: str) -> str:
    return line.partition("=")[0]


def _fill(line: str) -> str:
    match = _VARIABLE.match(line)
    if match and match["value"].strip() == RANDOM:
        return f"{match['name']}={secrets.token_urlsafe(32)}"
    return line


def _replace(target: Path, text: str) -> None:
    """Write through a temporary file of mode 600 in the same folder."""
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".env.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
