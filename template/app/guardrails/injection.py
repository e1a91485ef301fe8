"""Find instructions where none belong: in what a user says, and in texts of others."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from app.core.text import with_texts
from app.guardrails.plain import hidden, visible
from app.guardrails.rules import FORMATS, Kind, load_rules
from app.guardrails.words import Found, follow_each_other

Source = Literal["user", "data"]
"""Who says it: the user, or a document, an e-mail or a tool, which have nothing to say."""
REMOVED = "[An instruction was removed here]."
"""A sentence of its own: what stands beside it can still be quoted."""
_SENTENCE = re.compile(r"(?:[^.!?。\uff01\uff1f\n]|[.!?](?=\S))*(?:[.!?。\uff01\uff1f]+|\n|$)")
_MOST_SENTENCES = 2000
"""Of a text that are looked at one by one; of a longer one nothing is left."""
_QUOTE = re.compile("[\"“”„«»\u2018\u2019`']")
_ABOUT = re.compile(
    r"\b(?:what|why|how|explain|mean(?:s|ing)?|attacks?|phrases?|examples?|detect|prevent|defend|protect|"
    r"injections?|jailbreaks?|security|blog|article|paper|sentence|words|said|says|wrote|typed?|bedeutet|erkläre)\b"
)


@dataclass(frozen=True)
class Suspicion:
    """What looks like an instruction."""

    kind: Kind
    text: str


def find_injection(text: str, source: Source) -> Suspicion | None:
    """Return the first instruction that does not belong in a text; None if none is found."""
    shown = visible(text)
    views = chain((shown,), hidden(text, shown))
    return next((found for view in views for found in _in_view(view, source)), None)


def remove_injections(text: str) -> tuple[str, list[Suspicion]]:
    """Return a text of others without its sentences that are instructions, and what they were.

    Of JSON the texts inside are changed, and it stays JSON.
    """
    if not find_injection(text, "data"):
        return text, []
    if text.lstrip()[:1] in {"{", "["}:
        try:
            return _without_texts(json.loads(text))
        except (ValueError, RecursionError):
            return _without_sentences(text)
    return _without_sentences(text)


def _without_texts(document: Any) -> tuple[str, list[Suspicion]]:
    """Return a document with its texts changed; a mark alone, if it is in names or over several texts."""
    found: list[Suspicion] = []

    def change(text: str) -> str:
        cleaned, removed = _without_sentences(text) if find_injection(text, "data") else (text, [])
        found.extend(removed)
        return cleaned

    changed = json.dumps(with_texts(document, change), ensure_ascii=False)
    if suspicion := find_injection(changed, "data"):
        return json.dumps(REMOVED), [*found, suspicion]
    return changed, found


def _without_sentences(text: str) -> tuple[str, list[Suspicion]]:
    pieces: list[str] = []
    found: list[Suspicion] = []
    sentences = _SENTENCE.findall(text)
    if len(sentences) > _MOST_SENTENCES:
        return REMOVED, found
    for sentence in sentences:
        suspicion = find_injection(sentence, "data")
        if suspicion:
            found.append(suspicion)
            space = sentence[: len(sentence) - len(sentence.lstrip())]
            pieces.append(f"{space}{REMOVED}" + ("\n" if sentence.endswith("\n") else ""))
        else:
            pieces.append(sentence)
    rest = "".join(pieces).strip()
    if suspicion := find_injection(rest, "data"):  # it is spread over sentences
        return REMOVED, [*found, suspicion]
    return rest, found


def _in_view(view: str, source: Source) -> Iterator[Suspicion]:
    for found in FORMATS.finditer(view):
        yield Suspicion("format", found[0].strip()[:200])
    flat = " ".join(view.split())
    for rule in load_rules():
        if rule.only_in_data and source == "user":
            continue
        for place in follow_each_other(rule.groups, flat, rule.gap):
            if not _is_talked_about(flat, place):
                yield Suspicion(rule.kind, flat[place.start : place.end][:200])


def _is_talked_about(text: str, place: Found) -> bool:
    """Whether somebody quotes an attack, to say or ask something about it."""
    before, after = text[max(place.start - 200, 0) : place.start], text[place.end : place.end + 200]
    is_quoted = bool(_QUOTE.search(before[-40:])) and bool(_QUOTE.search(after[:60]))
    return is_quoted and bool(_ABOUT.search(f"{before} {after}"))
