"""Who says what in a message: the user, or texts of others that the application shows the model.

`as_data` (`app/llm/prompts.py`) puts those between `<name>` and `</name>`; what tools say is of others as a
whole.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.guardrails.injection import Source
from app.llm import Message

_OPENING = re.compile(r"<([a-z_]{1,40})>\n")
_OF_USERS = frozenset({"brief", "question", "task"})
"""Marks around what the user asks, where the application puts it among other texts."""
_MOST_MARKS = 200


@dataclass(frozen=True)
class Part:
    """A piece of a message."""

    text: str
    source: Source


def parts_of(message: Message) -> list[Part]:
    """Return a message in pieces, which together are its text."""
    if message.role == "tool":
        return [Part(message.text, "data")]
    return list(_parts(message.text))


def _parts(text: str) -> Iterator[Part]:
    end = 0
    unclosed: set[str] = set()
    for count, opening in enumerate(_OPENING.finditer(text)):
        name = opening[1]
        if opening.start() < end or name in unclosed:
            continue
        if count > _MOST_MARKS:  # nobody means that: all of it counts as the text of others
            break
        closing = text.find(f"\n</{name}>", opening.end() - 1)
        if closing < 0:
            unclosed.add(name)
            continue
        if name not in _OF_USERS:
            yield Part(text[end : opening.end()], "user")
            yield Part(text[opening.end() : closing], "data")
            end = closing
    else:
        yield Part(text[end:], "user")
        return
    yield Part(text[end:], "data")


def changed(message: Message, change: Callable[[Part], str]) -> str:
    """Return the text of a message with each of its pieces changed."""
    return "".join(change(part) for part in parts_of(message))
