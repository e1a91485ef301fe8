"""`.env`, made from `.env.example`."""

import os
import re
import secrets
import tempfile
from pathlib import Path

from app.core.errors import ConfigurationError
from app.core.paths import ROOT
from app.core.settings import RANDOM

_VARIABLE = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=")
_PLACEHOLDER = re.compile(rf"""(?<==)(?P<before>\s*)(["']?){re.escape(RANDOM)}\2(?=\s*(?:#|$))""")


def write_environment_file(root: Path = ROOT) -> list[str]:
    """Write `.env`, readable by its owner alone, and return what was done, a line each.

    Existing values stay as they are; variables that `.env.example` has and `.env` has not are added, and
    each placeholder gets a random secret. The file is replaced in one step: it is never half written.
    """
    example, target = root / ".env.example", (root / ".env").resolve()
    if not example.is_file():
        raise ConfigurationError(f"{example} does not exist.", hint="Restore it: it lists all settings.")
    wanted = _read(example)
    done: list[str] = []
    if not target.exists():
        text = wanted
        done.append("Wrote .env: put the key of your model provider in it.")
    else:
        text = _read(target)
        if missing := [line for line in wanted.splitlines() if _is_missing(line, text)]:
            text = _appended(text, missing)
            done.append(f"Added {', '.join(str(_name(line)) for line in missing)} to .env.")
    filled = "".join(_fill(line) for line in text.splitlines(keepends=True))
    if filled != text:
        done.append("Made random secrets.")
    _replace(target, filled)
    return done or [".env is complete: nothing changed."]


def _read(path: Path) -> str:
    """Return a file's text with its own line endings, without the mark that Windows puts before it."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path.name} is not text in UTF-8.", hint="Save it as UTF-8.") from None


def _name(line: str) -> str | None:
    match = _VARIABLE.match(line)
    return match["name"] if match else None


def _is_missing(line: str, text: str) -> bool:
    """Whether a line sets a variable that a file does not mention, not even as a comment."""
    name = _name(line)
    return name is not None and name not in {_name(other.lstrip("# ")) for other in text.splitlines()}


def _appended(text: str, lines: list[str]) -> str:
    ending = "\r\n" if "\r\n" in text else "\n"
    return ending.join([text.rstrip("\r\n"), "", *lines, ""])


def _fill(line: str) -> str:
    """Put a random secret in the place of a placeholder, quoted or not."""
    if _name(line) is None:
        return line
    return _PLACEHOLDER.sub(rf"\g<before>{secrets.token_urlsafe(32)}", line)


def _replace(target: Path, text: str) -> None:
    """Write through a temporary file of mode 600 in the same folder."""
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".env.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
