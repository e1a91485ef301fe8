"""The words of a text, as keyword search sees them: the same for what is searched and for what is asked.

A parser made for prose loses what people look for by keyword: it takes `ZXQ-9917` for a word and a negative
number, and a Chinese sentence for one word. Here an identifier is its parts and the whole, and text without
spaces is pairs of characters (bigrams, as in Lucene's CJKAnalyzer).
"""

import re
import unicodedata
from collections.abc import Iterator

_LONGEST = 60
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese: written without spaces between words."""
_WORD = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[^\W_])+")
_IDENTIFIER = re.compile(rf"(?:(?![{_UNSPACED}])[^\W_])+(?:[-_./:@+#]+(?:(?![{_UNSPACED}])[^\W_])+)+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")


def keyword_text(text: str) -> str:
    """Return the words of a text, separated by spaces. Nothing else is in it: no quotes, no operators."""
    return " ".join(words(text))


def words(text: str) -> Iterator[str]:
    """Yield the words of a text in small letters, in their order; after an identifier's parts the whole."""
    text = unicodedata.normalize("NFKC", text).lower()
    ends = {match.end(): match[0] for match in _IDENTIFIER.finditer(text)}
    for match in _WORD.finditer(text):
        yield from _pairs(match[0]) if _IS_UNSPACED.match(match[0]) else _bounded(match[0])
        if whole := ends.get(match.end()):
            yield from _bounded(re.sub(r"[\W_]", "", whole))


def _pairs(run: str) -> Iterator[str]:
    yield from [run] if len(run) == 1 else (run[i : i + 2] for i in range(len(run) - 1))


def _bounded(word: str) -> Iterator[str]:
    if len(word) <= _LONGEST:
        yield word
