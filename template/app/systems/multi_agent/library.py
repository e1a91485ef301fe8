"""The sources that the team may read: files in a folder, searched by words."""

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import structlog

from app.core.errors import ConfigurationError, NotFound
from app.systems.multi_agent.settings import ResearchSettings

EXAMPLES = Path(__file__).parent / "sources"

_HITS = 4
_EXCERPT = 400
_PAGE = 15_000
"""Characters: less than a tool may say."""

log = structlog.get_logger(__name__)


@cache
def _load(folder: Path) -> Mapping[str, str]:
    if not folder.is_dir():
        raise ConfigurationError(f"RESEARCH_SOURCES: there is no folder {folder}.")
    try:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        texts = [path for path in files if path.suffix in {".md", ".txt"}]
        if others := [str(path.relative_to(folder)) for path in files if path not in texts]:
            log.warning("research.not_read", reason="only .md and .txt are", files=others[:20])
        return {_name(path, folder): path.read_text(encoding="utf-8") for path in texts}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"RESEARCH_SOURCES: {folder} cannot be read: {error}") from None


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def sources() -> Mapping[str, str]:
    """Return the text of every source by its name."""
    return _load(ResearchSettings.load().sources or EXAMPLES)


def search_sources(query: str) -> list[dict[str, str]]:
    """Find sources by words. Gives the best ones with an excerpt; read_source gives the whole text."""
    wanted = set(_words(query))
    known = sources()
    words = {name: _words(f"{name} {text}") for name, text in known.items()}
    spread = Counter(word for found in words.values() for word in set(found))
    scores = {name: _score(wanted, found, spread) for name, found in words.items()}
    best = sorted((name for name in scores if scores[name] > 0), key=lambda name: -scores[name])[:_HITS]
    return [{"source": name, "excerpt": _excerpt(known[name], wanted)} for name in best]


def read_source(name: str, page: int = 1) -> str:
    """Read a source by the name that search_sources gave. A long one has several pages."""
    if name not in sources():
        raise NotFound(f"There is no source {name!r}.", hint="search_sources finds names.")
    text = sources()[name]
    pages = max(1, -(-len(text) // _PAGE))
    if not 1 <= page <= pages:
        raise NotFound(f"The source {name!r} has {pages} pages.")
    part = text[(page - 1) * _PAGE : page * _PAGE]
    return part if pages == 1 else f"[page {page} of {pages}]\n{part}"


def _words(text: str) -> list[str]:
    return [word[:7] for word in re.findall(r"[^\W_]{3,}", text.casefold())]


def _score(wanted: set[str], words: list[str], spread: Mapping[str, int]) -> float:
    """Return how well a text fits: words that few sources have count more (TF-IDF)."""
    counts = Counter(words)
    many = len(sources())
    return sum(
        (1 + math.log(counts[word])) * math.log(1 + many / spread[word]) for word in wanted & counts.keys()
    )


def _excerpt(text: str, wanted: set[str]) -> str:
    """Return the paragraph with the most of the words."""
    paragraphs = [paragraph for paragraph in text.split("\n\n") if paragraph.strip()]
    best = max(paragraphs, key=lambda paragraph: len(wanted & set(_words(paragraph))), default="")
    return best[:_EXCERPT]
