"""Parse a file in a process of its own, run by `children.py` with bounded memory and time.

    python child.py SUFFIX MAX_PAGES MAX_CHARACTERS SECONDS < FILE

It answers with one JSON object: `format`, `pages` and `sections`, or `error` and `detail`. It is given no
environment, and reads no setting: a file that takes it over finds no secret in it.
"""

import contextlib
import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))  # last: no file of the project hides a library

from app.parsing.formats import MEMORY, parse_file
from app.parsing.sections import Refused


def _limit(seconds: int) -> None:
    """Bound memory and time, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def answer(content: bytes, suffix: str, max_pages: int, max_characters: int, seconds: int) -> bytes:
    """Parse a file, and return what was found. From here on this process is bounded."""
    _limit(seconds)
    try:
        parsed = parse_file(content, suffix, max_pages, max_characters)
        sections = [[s.text, s.page, s.headings, s.kind] for s in parsed.sections]
        found: dict[str, object] = {"format": parsed.format, "pages": parsed.pages, "sections": sections}
    except Refused as refused:
        found = {"error": refused.code, "detail": str(refused)}
    except MemoryError:
        found = {"error": "corrupt", "detail": "Reading it takes too much memory."}
    except Exception as error:  # noqa: BLE001 - whatever a parser raises on a broken file
        found = {"error": "corrupt", "detail": f"It cannot be read: {type(error).__name__}."}
    return json.dumps(found).encode()


if __name__ == "__main__":
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read(), sys.argv[1], *map(int, sys.argv[2:])))
