"""Citations, checked while they come: `[2: "words of passage 2"]` becomes `[2]` if the words stand there.

A citation that is wrong, or quotes nothing, goes. Nothing is passed on before the first one that is right:
what rests on no passage is not an answer from the documents.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.core.quotations import stands_in
from app.core.spans import span

NOT_FOUND = "NOT IN THE DOCUMENTS"

_LONGEST = 1200
"""Characters: an open bracket that is not closed by then begins no citation."""
_BEGINS = re.compile(r"!?\[\s*(?:\d|$)|!$|!\[")
_CITATION = re.compile(
    r"\[\s*(\d{1,3})\s*:\s*(?:[\"\u201c\u201e\u00ab](.+?)[\"\u201d\u201c\u00bb]\s*\]|"
    r"(?!\s*[\"\u201c\u201e\u00ab])([^\]]+)\])",
    re.DOTALL,
)
_BARE = re.compile(r"(?<![\w\])])\[\s*\d{1,3}(?:\s*[,\u2013-]\s*\d{1,3})*\s*\]")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
"""Whoever shows an image asks a server of the document's choice for it: a way to carry words out."""
_OTHER = re.compile(r"\[[^\]:\"]*\]|!\[[^\]]*\](?=[^(])|!(?=[^\[])")
_BEFORE_PUNCTUATION = re.compile(r" +(?=[.,;!?])")


@dataclass(frozen=True)
class Citation:
    """A place in an answer that rests on a passage."""

    number: int
    """Of the passage, from 1."""
    quote: str
    """Words of the passage."""


@dataclass
class CitationReader:
    """Reads the text of a model piece by piece."""

    passages: Sequence[str]
    citations: list[Citation] = field(default_factory=list)
    """Those that are right, in their order."""
    dropped: int = 0
    """How many were wrong."""
    text: str = ""
    """What was passed on."""
    _unread: str = ""
    _waiting: str = ""
    """Checked, but there is no right citation yet; or spaces behind which one may be taken out."""
    _last: str = ""
    """The last character that was read: `a[0]` is no citation."""

    def feed(self, piece: str) -> str:
        """Return what may be passed on now."""
        ready, self._unread = _split(self._unread + piece)
        return self._pass_on(ready)

    def end(self) -> str:
        """Return what may be passed on at the end."""
        ready, self._unread = self._unread, ""
        return self._pass_on(ready)

    def _pass_on(self, ready: str) -> str:
        without = _BARE.sub(self._drop, self._last + _IMAGE.sub("", ready))[len(self._last) :]
        self._last = (self._last + ready)[-1:]
        self._waiting += _CITATION.sub(self._check, without)
        if not self.citations:
            return ""
        text = _BEFORE_PUNCTUATION.sub("", self._waiting)
        passed = text.rstrip(" ")
        self._waiting = text[len(passed) :]
        self.text += passed
        return passed

    def _check(self, match: re.Match[str]) -> str:
        number, quote = int(match[1]), (match[2] or match[3]).strip()
        if 1 <= number <= len(self.passages) and stands_in(quote, self.passages[number - 1]):
            self.citations.append(Citation(number, quote))
            return f"[{number}]"
        return self._drop(match)

    def _drop(self, _match: re.Match[str]) -> str:
        self.dropped += 1
        with span("guard", guard="citations", decision="removed", kind="not_in_the_passage"):
            pass  # whoever watches counts it beside what other guards decide
        return ""


def _split(text: str) -> tuple[str, str]:
    """Return what is complete, and what begins a citation or an image whose end has not come."""
    for match in _BEGINS.finditer(text):
        place = match.start()
        is_complete = any(kind.match(text, place) for kind in (_CITATION, _BARE, _IMAGE, _OTHER))
        if not is_complete and len(text) - place <= _LONGEST:
            return text[:place], text[place:]
    return text, ""


def uncited_sentences(text: str) -> list[str]:
    """Return the sentences of an answer that rest on no passage."""
    sentences = re.split(r"(?<=[.!?\u3002])\s+(?!\[)|\n+", text.strip())
    return [each for each in sentences if re.search(r"\w{3}", each) and not re.search(r"\[\d{1,3}\]", each)]
