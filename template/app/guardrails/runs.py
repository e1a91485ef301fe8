"""All runs of words in a text, so that whether another text has one of them is known word by word.

A suffix automaton (Blumer et al. 1985), with words instead of letters: it is built, and read, in time that
grows with the text alone.
"""

from collections.abc import Iterable


class Runs:
    """The runs of words of a text."""

    def __init__(self, words: Iterable[str]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._link = [-1]
        self._length = [0]
        last = 0
        for word in words:
            last = self._add(word, last)

    def next(self, state: int, words: int, word: str) -> tuple[int, int]:
        """Return the state after a further word, and how many of the last words are a run of the text.

        `state` and `words` are those before it; at the beginning 0 and 0.
        """
        while state and word not in self._next[state]:
            state = self._link[state]
            words = self._length[state]
        if word not in self._next[state]:
            return 0, 0
        return self._next[state][word], words + 1

    def _add(self, word: str, last: int) -> int:
        current = self._new(self._length[last] + 1, {})
        state = last
        while state >= 0 and word not in self._next[state]:
            self._next[state][word] = current
            state = self._link[state]
        if state < 0:
            self._link[current] = 0
            return current
        following = self._next[state][word]
        if self._length[state] + 1 == self._length[following]:
            self._link[current] = following
            return current
        clone = self._new(self._length[state] + 1, dict(self._next[following]))
        self._link[clone] = self._link[following]
        while state >= 0 and self._next[state].get(word) == following:
            self._next[state][word] = clone
            state = self._link[state]
        self._link[following] = self._link[current] = clone
        return current

    def _new(self, length: int, following: dict[str, int]) -> int:
        self._next.append(following)
        self._link.append(-1)
        self._length.append(length)
        return len(self._next) - 1
