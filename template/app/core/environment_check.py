"""What is wrong with the lines of `.env`: a typing error in a name would else go unseen."""

from difflib import get_close_matches
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from app.core.settings import settings_classes

_NEAR = 0.75


def problems_of_lines(path: Path) -> list[str]:
    """Return a sentence for each line that cannot be read, or that nothing reads but a near name would."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeError:
        return ["it is not text in UTF-8: save it as UTF-8"]
    known = {variable for settings in settings_classes() for variable in settings.variables().values()}
    found = []
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            found.append(f"line {binding.original.line} is not NAME=value")
        elif binding.key and binding.key not in known and (near := _nearest(binding.key, known)):
            found.append(f"line {binding.original.line}: nothing reads {binding.key}; did you mean {near}?")
    return found


def _nearest(name: str, known: set[str]) -> str | None:
    plain = {known_name.replace("_", ""): known_name for known_name in known}
    near = get_close_matches(name.upper().replace("_", ""), plain, n=1, cutoff=_NEAR)
    return plain[near[0]] if near else None
