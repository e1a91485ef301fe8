"""The notes of UPGRADING.md: what an owner has to do by hand, version by version."""

import re

from app.core.paths import ROOT

_FILE = ROOT / "UPGRADING.md"
_HEADING = re.compile(r"^## (\d+\.\d+\.\d+)\b.*$", re.MULTILINE)


def notes_after(version: str) -> str:
    """Return the notes of all versions that are newer than `version`, as git names it."""
    try:
        text = _FILE.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    found = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in found[1:]] + [len(text)]
    newer = [
        text[heading.start() : end].strip()
        for heading, end in zip(found, ends, strict=True)
        if _numbers(heading[1]) > _numbers(version)
    ]
    return "\n\n".join(newer)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version such as 0.2.0 or v0.2.0-5-gabcdef; none for a bare commit."""
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    return tuple(map(int, match.groups())) if match else ()
