"""What code can check of a text: length, form, and phrases that nobody wants to read."""

import re
from collections import Counter
from collections.abc import Iterator

from app.systems.content_generation.schemas import Brief

TOLERANCE = 0.2
"""How far the number of words may be off."""

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_][\w'\u2019-]*")
_LONGEST_SENTENCE = 45
_SENTENCE_END = re.compile(r"[.!?:]+(?:\s+|$)|[\u3002\uff01\uff1f]|\n\n|\n[-*] ")
_REPEATED = 4
"""Words of a sentence that may not stand three times; shorter ones, such as an item of a list, may."""
_WORN_OUT = (
    "in today's fast-paced world",
    "delve into",
    "game-changer",
    "unlock the power",
    "it is important to note",
    "as an ai",
)
_FIGURE = re.compile(r"\d+(?:[.,]\d+)?\s?(?:%|per cent|percent|Prozent)")
_REFERENCE = re.compile(r"\([A-Z][\w-]+(?: et al\.| and [A-Z][\w-]+)?,? (?:19|20)\d\d\)")
_PLACEHOLDER = re.compile(
    r"\b(?:TODO|TBD)\b|(?i:lorem ipsum|\[(?:insert|your|name|placeholder)[^\]]*\](?!\())"
)


def count_words(markdown: str) -> int:
    """Count the words, without the marks of Markdown; where words are not spaced, the characters."""
    return len(_WORD.findall(re.sub(r"[#*_`>|]", " ", markdown)))


def problems_of(markdown: str, brief: Brief) -> list[str]:
    """Return what is wrong with a draft, each in a sentence that says what to do."""
    return [
        *_length(markdown, brief),
        *_form(markdown),
        *_wording(markdown, brief),
        *_facts(markdown, brief),
    ]


def _length(markdown: str, brief: Brief) -> Iterator[str]:
    words = count_words(markdown)
    least, most = (round(brief.words * factor) for factor in (1 - TOLERANCE, 1 + TOLERANCE))
    if not least <= words <= most:
        yield f"it has {words} words: write between {least} and {most}"


def _form(markdown: str) -> Iterator[str]:
    if not re.match(r"# \S", markdown):
        yield "it does not begin with its title: put '# ' and the title into the first line"
    if len(re.findall(r"^## \S", markdown, re.MULTILINE)) < 2:
        yield "it has fewer than two sections: begin each with '## '"
    if re.search(r"^## [^\n]+\n+(?=## |\Z)", markdown, re.MULTILINE):
        yield "a section is empty: write it or leave it out"
    prose = re.sub(r"^#+ .*$", "", markdown, flags=re.MULTILINE)
    sentences = [sentence.strip() for sentence in _SENTENCE_END.split(prose)]
    if any(count_words(sentence) > _LONGEST_SENTENCE for sentence in sentences):
        yield f"a sentence has more than {_LONGEST_SENTENCE} words: split it"
    for sentence, times in Counter(sentences).items():
        if times > 2 and count_words(sentence) >= _REPEATED:
            yield f"it says {sentence!r} {times} times: say it once"


def _wording(markdown: str, brief: Brief) -> Iterator[str]:
    text = _folded(markdown)
    for phrase in _WORN_OUT:
        if re.search(rf"\b{re.escape(phrase)}\b", text):
            yield f"it says {phrase!r}: leave that out"
    for wanted in brief.must_mention:
        if _folded(wanted) not in text:
            yield f"it does not mention {wanted!r}"
    if found := _PLACEHOLDER.search(markdown):
        yield f"it has a placeholder, {found[0]!r}: fill it in"


def _facts(markdown: str, brief: Brief) -> Iterator[str]:
    """Yield the figures and references that the brief does not have: nothing here bears them out."""
    given = brief.model_dump_json()
    known = set(_FIGURE.findall(given))
    for figure in dict.fromkeys(_FIGURE.findall(markdown)):
        if figure not in known:
            yield f"it states {figure!r}, which the brief does not have: leave it out"
    for reference in dict.fromkeys(_REFERENCE.findall(markdown)):
        if reference not in given:
            yield f"it refers to {reference!r}, which the brief does not have: leave it out"


def _folded(text: str) -> str:
    return text.casefold().replace("\u2019", "'")
