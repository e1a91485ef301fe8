"""Guards of answers, and the window through which a stream passes them: nothing leaves too early."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from app.guardrails.failing import guarded


class AnswerGuard(Protocol):
    """Changes the text of one answer, which may come in pieces."""

    def cut(self, text: str, at: int) -> int:
        """Return where the text that is still here may be cut, at the place or before it.

        What is before the cut can then be cleaned, whatever is behind it and whatever else will follow.
        """
        ...

    def clean(self, text: str) -> str:
        """Return the next piece of the answer as it may leave. Raises `AnswerRefused`."""
        ...


GuardMaker = Callable[[], AnswerGuard]
"""Makes a guard for one answer: it may remember what it has seen of it."""


class Window:
    """One answer on its way through guards: `push` its pieces, then take the `rest`.

    Whatever the pieces are, what leaves is the same as if the answer had come as one.
    """

    def __init__(self, guards: Sequence[AnswerGuard]) -> None:
        self._guards = guards
        self._held = ""
        self._enough = 0
        """Characters that must be held before it is worth looking again: looking costs as much as is held."""

    def push(self, piece: str) -> str:
        """Take the next piece, and return what may leave of what is here."""
        self._held += piece
        if len(self._held) < self._enough:
            return ""
        cut = self._cut()
        leaving, self._held = self._held[:cut], self._held[cut:]
        self._enough = len(self._held) * 5 // 4
        return self._clean(leaving)

    def _cut(self) -> int:
        """Return the last place where all guards let the text be cut."""
        before, cut = -1, len(self._held)
        while cut != before:
            before = cut
            for guard in self._guards:
                cut = guarded(_name(guard), partial(guard.cut, self._held, cut), cut)
        return cut

    def rest(self) -> str:
        """Return what is left at the end."""
        leaving, self._held = self._held, ""
        return self._clean(leaving)

    def _clean(self, text: str) -> str:
        for guard in self._guards if text else ():
            text = guarded(_name(guard), partial(guard.clean, text), text)
        return text


def _name(guard: AnswerGuard) -> str:
    return type(guard).__name__


def clean_whole(makers: Sequence[GuardMaker], text: str) -> str:
    """Return a text that came as one through all guards."""
    window = Window([make() for make in makers])
    return window.push(text) + window.rest()
