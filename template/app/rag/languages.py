"""In which language a text is written, so that its words are stemmed by the right rules."""

import re
import tomllib
from collections import Counter
from pathlib import Path

_COMMON = {
    language: frozenset(words.split())
    for language, words in tomllib.loads(
        Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    ).items()
}
COMMON_WORDS = frozenset(word for words in _COMMON.values() for word in words)
"""Of all these languages."""
_ENOUGH = 0.04
"""Of the words of prose at least these are among the common ones."""
_SAMPLE = 20_000

LANGUAGES = ("simple", *_COMMON)


def language_of(text: str) -> str:
    """Return the language as PostgreSQL's text search names it; `simple`, without stems, if none fits."""
    sample = re.findall(r"[^\W\d_]+", text[:_SAMPLE].lower())
    counts = Counter(sample)
    hits = {name: sum(counts[word] for word in common) for name, common in _COMMON.items()}
    best = max(hits, key=lambda name: (hits[name], name))
    return best if hits[best] > _ENOUGH * len(sample) else "simple"
