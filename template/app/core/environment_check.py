"""What is wrong with the lines of `.env`: a typing error in a name would else go unseen."""

import re
from difflib import get_close_matches
from pathlib import Path

from app.core.registry import load_features
from app.core.settings import AppSettings, Settings

_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*)$")
_NEAR = 0.75


def problems_of_lines(path: Path) -> list[str]:
    """Return a sentence for each line that cannot be read, or that nothing reads but a near name would."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeError:
        return ["it is not text in UTF-8: save it as UTF-8"]
    known = _known_names()
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None or _is_open(match["value"].strip()):
            found.append(f"line {number} is not NAME=value")
        elif match["name"] not in known and (near := _nearest(match["name"], known)):
            found.append(f"line {number}: nothing reads {match['name']}; did you mean {near}?")
    return found


def _known_names() -> set[str]:
    classes: list[type[Settings]] = [AppSettings]
    classes += [lazy.load() for feature in load_features() for lazy in feature.settings]
    return {variable for settings in classes for variable in settings.variables().values()}


def _nearest(name: str, known: set[str]) -> str | None:
    plain = {known_name.replace("_", ""): known_name for known_name in known}
    near = get_close_matches(name.upper().replace("_", ""), plain, n=1, cutoff=_NEAR)
    return plain[near[0]] if near else None


def _is_open(value: str) -> bool:
    """Whether a quotation mark is opened, and not closed."""
    return value[:1] in {'"', "'"} and (len(value) == 1 or value[0] not in value[1:])
