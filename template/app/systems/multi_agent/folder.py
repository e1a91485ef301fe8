"""A folder of Markdown and text files, searched by words."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import structlog

from app.core.errors import ConfigurationError
from app.core.quotations import Passage

_EXCERPT = 400

log = structlog.get_logger(__name__)


class Folder:
    """The files below a folder, by their names without the suffix."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The text of every source. Raises `ConfigurationError`."""
        if not self.path.is_dir():
            raise ConfigurationError(f"RESEARCH_SOURCES: there is no folder {self.path}.")
        try:
            files = sorted(path for path in self.path.rglob("*") if path.is_file())
            texts = [path for path in files if path.suffix in {".md", ".txt"}]
            if others := [str(path.relative_to(self.path)) for path in files if path not in texts]:
                log.warning("research.not_read", reason="only .md and .txt are", files=others[:20])
            return {self._name(path): path.read_text(encoding="utf-8") for path in texts}
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"RESEARCH_SOURCES: {self.path} cannot be read: {error}") from None

    def _name(self, path: Path) -> str:
        return path.relative_to(self.path).with_suffix("").as_posix()

    async def has_any(self) -> bool:
        """Whether there is a file."""
        return bool(self.texts)

    async def search(self, query: str, limit: int) -> Sequence[Passage]:
        """Return of each of the best sources the paragraph that fits best."""
        wanted = set(_words(query))
        words = {name: _words(f"{name} {text}") for name, text in self.texts.items()}
        spread = Counter(word for found in words.values() for word in set(found))
        scores = {name: _score(wanted, found, spread, len(words)) for name, found in words.items()}
        best = sorted((name for name in scores if scores[name] > 0), key=lambda name: -scores[name])[:limit]
        return [Passage(name, _excerpt(self.texts[name], wanted)) for name in best]

    async def passages(self, source: str) -> Sequence[Passage]:
        """Return the text of a source, also of `Heat-Pumps.md`."""
        plain = source.strip().casefold()
        known = {name.casefold(): name for name in self.texts}
        name = known.get(plain) or known.get(plain.rpartition(".")[0])
        return [Passage(name, self.texts[name])] if name else []


def _words(text: str) -> list[str]:
    return [word[:7] for word in re.findall(r"[^\W_]{3,}", text.casefold())]


def _score(wanted: set[str], words: list[str], spread: Mapping[str, int], many: int) -> float:
    """Return how well a text fits: words that few sources have count more (TF-IDF)."""
    counts = Counter(words)
    return sum(
        (1 + math.log(counts[word])) * math.log(1 + many / spread[word]) for word in wanted & counts.keys()
    )


def _excerpt(text: str, wanted: set[str]) -> str:
    """Return the paragraph with the most of the words."""
    paragraphs = [paragraph for paragraph in text.split("\n\n") if paragraph.strip()]
    best = max(paragraphs, key=lambda paragraph: len(wanted & set(_words(paragraph))), default="")
    return best[:_EXCERPT]
