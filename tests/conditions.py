"""Under which answers something holds: exactly, and without going through all answers.

A *fact* is what one answer decides: whether a choice is among those of a multiselect question, or which one
a question has. A *condition* fixes some facts; `When` is a set of conditions, of which one must hold. What
depends on three facts is thus known from the few combinations of these three, whatever else is asked.

A question that is not asked, because its stage is off, may have any answer: an update remembers it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from tests.questionnaire import QUESTIONS, Answers, Question, defaults

Fact = tuple[str, str | None]
"""A question, and one of its choices if it is a multiselect question."""

Condition = frozenset[tuple[Fact, Any]]
"""Facts, each with its value."""

T = TypeVar("T")

_BY_NAME = {question.name: question for question in QUESTIONS}


def values_of(fact: Fact) -> list[Any]:
    """Return what a fact can be."""
    question, choice = fact
    return [True, False] if choice is not None else _BY_NAME[question].values


@cache
def is_possible(condition: Condition) -> bool:
    """Whether there are valid answers under which a condition holds."""
    questions = {question for (question, _), _ in condition}
    return all(_is_possible(name, frozenset(f for f in condition if f[0][0] == name)) for name in questions)


@cache
def _is_possible(name: str, condition: Condition) -> bool:
    question = _BY_NAME[name]
    if not question.is_multiselect:
        return True
    return any(not question.complaint(found, defaults()) for found in _candidates(question, dict(condition)))


def merged(*conditions: Condition) -> Condition | None:
    """Return the condition that all of these hold; None if that cannot be."""
    together = frozenset().union(*conditions)
    if len(dict(together)) < len(together):
        return None
    return together if is_possible(together) else None


@dataclass(frozen=True)
class When:
    """The answers under which something holds: those that fit one of the conditions."""

    conditions: frozenset[Condition]

    def __and__(self, other: When) -> When:
        """When both hold."""
        pairs = itertools.product(self.conditions, other.conditions)
        return When(frozenset(both for pair in pairs if (both := merged(*pair)) is not None))

    def __or__(self, other: When) -> When:
        """When one of them holds."""
        return ALWAYS if ALWAYS in (self, other) else When(self.conditions | other.conditions)

    def __invert__(self) -> When:
        """When it does not hold."""
        return _complement(self)

    def __bool__(self) -> bool:
        """Whether it holds for any answers."""
        return any(map(is_possible, self.conditions))

    def implies(self, other: When) -> Condition | None:
        """Return a condition under which this holds and `other` does not; None if there is none."""
        if frozenset() in other.conditions:
            return None
        both = self & ~other
        return min(both.conditions, key=len, default=None)


ALWAYS = When(frozenset([frozenset()]))
NEVER = When(frozenset())


@cache
def _complement(when: When) -> When:
    facts = sorted({fact for condition in when.conditions for fact, _ in condition}, key=repr)
    rows = itertools.product(*([(fact, value) for value in values_of(fact)] for fact in facts))
    return when_any(row for row in map(frozenset, rows) if not any(c <= row for c in when.conditions))


def when_any(rows: Iterable[Condition]) -> When:
    """Return when one of these conditions holds, without the facts that make no difference."""
    conditions = {row for row in rows if is_possible(row)}
    for fact in sorted({fact for row in conditions for fact, _ in row}, key=repr):
        conditions = _without(fact, conditions)
    return When(frozenset(conditions))


def _without(fact: Fact, conditions: set[Condition]) -> set[Condition]:
    """Drop a fact from the conditions that are there for every value that it can have."""
    kept, groups = set(), dict[Condition, set[Any]]()
    for condition in conditions:
        value = dict(condition).get(fact)
        rest = condition - {(fact, value)}
        if rest == condition:
            kept.add(condition)
        else:
            groups.setdefault(rest, set()).add(value)
    for rest, found in groups.items():
        missing = [v for v in values_of(fact) if v not in found and is_possible(rest | {(fact, v)})]
        kept |= {rest | {(fact, v)} for v in found} if missing else {rest}
    return kept


def example(condition: Condition, *, fewest: bool = False) -> Answers:
    """Return valid answers that fit a condition: otherwise the defaults, and all choices, or the fewest."""
    known = dict(condition)
    answers = {**defaults(), **{name: value for (name, choice), value in known.items() if choice is None}}
    for question in QUESTIONS:
        if question.is_multiselect:
            answers[question.name] = _completed(question, known, fewest=fewest)
    return answers


def _completed(question: Question, known: Mapping[Fact, Any], *, fewest: bool) -> list[Any]:
    candidates = _candidates(question, known)
    valid = [candidate for candidate in candidates if not question.complaint(candidate, defaults())]
    return min(valid, key=len) if fewest else max(valid, key=len)


def _candidates(question: Question, known: Mapping[Fact, Any]) -> Iterator[list[Any]]:
    """Yield the answers to a multiselect question that fit what is known."""
    facts = [(question.name, choice) for choice in question.choices]
    for row in itertools.product(*([known[fact]] if fact in known else [True, False] for fact in facts)):
        yield [choice for choice, is_chosen in zip(question.choices, row, strict=True) if is_chosen]


def condition_of(answers: Answers, facts: Iterable[Fact]) -> Condition:
    """Return what these facts are under some answers."""
    return frozenset(
        ((name, choice), answers[name] if choice is None else choice in answers[name])
        for name, choice in facts
    )


def combined(facts: Sequence[Fact]) -> list[Condition]:
    """Return every possible combination of what some facts can be."""
    rows = itertools.product(*([(fact, value) for value in values_of(fact)] for fact in facts))
    return [condition for condition in map(frozenset, rows) if is_possible(condition)]


def pairwise(facts: Sequence[Fact]) -> list[Condition]:
    """Return conditions that together have every two of these facts with all that they can be, greedily."""
    pairs = {pair for two in itertools.combinations(facts, 2) for pair in combined(two)}
    missing, chosen = set(pairs), []
    while missing:
        row = min(missing, key=lambda pair: sorted(map(repr, pair)))
        for fact in facts:
            if fact not in dict(row):
                row = max(_extended(row, fact), key=lambda more: sum(pair <= more for pair in missing))
        chosen.append(row)
        missing = {pair for pair in missing if not pair <= row}
    return chosen


def _extended(row: Condition, fact: Fact) -> list[Condition]:
    candidates = (row | {(fact, value)} for value in values_of(fact))
    return [condition for condition in candidates if is_possible(condition)]


def all_facts() -> list[Fact]:
    """Return every fact that answers decide."""
    return [
        (question.name, choice)
        for question in QUESTIONS
        if question.values
        for choice in (question.choices if question.is_multiselect else [None])
    ]


# ---- find out on which facts something depends


class _Undecided(BaseException):
    """A fact was read that is not known yet. Not an `Exception`: no filter of Jinja is to catch it."""

    def __init__(self, fact: Fact) -> None:
        self.fact = fact


class _Choice:
    """The answer to a question: looking at it reads a fact."""

    def __init__(self, name: str, known: Mapping[Fact, Any]) -> None:
        self._name, self._known = name, known

    def _read(self) -> Any:
        if (self._name, None) not in self._known:
            raise _Undecided((self._name, None))
        return self._known[self._name, None]

    def __eq__(self, other: object) -> bool:
        return bool(self._read() == other)

    def __hash__(self) -> int:
        return hash(self._read())

    def __bool__(self) -> bool:
        return bool(self._read())

    def __str__(self) -> str:
        return str(self._read())


class _Choices:
    """The answer to a multiselect question: looking for a choice reads a fact, going through it reads all."""

    def __init__(self, name: str, known: Mapping[Fact, Any]) -> None:
        self._name, self._known = name, known

    def __contains__(self, choice: object) -> bool:
        if str(choice) not in _BY_NAME[self._name].choices:
            return False
        fact = (self._name, str(choice))
        if fact not in self._known:
            raise _Undecided(fact)
        return bool(self._known[fact])

    def __iter__(self) -> Iterator[str]:
        return (choice for choice in _BY_NAME[self._name].choices if choice in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __radd__(self, others: list[str]) -> list[str]:
        return [*others, *self]


def explore(work: Callable[[Answers], T]) -> list[tuple[Condition, T]]:
    """Return all outcomes of a function of the answers, each with the condition under which it comes."""
    todo: list[dict[Fact, Any]] = [{}]
    found = []
    while todo:
        known = todo.pop()
        try:
            found.append((frozenset(known.items()), work(_watched(known))))
        except _Undecided as undecided:
            further = ({**known, undecided.fact: value} for value in values_of(undecided.fact))
            todo += [more for more in further if is_possible(frozenset(more.items()))]
    return found


def _watched(known: Mapping[Fact, Any]) -> Answers:
    watched = {
        q.name: (_Choices if q.is_multiselect else _Choice)(q.name, known) for q in QUESTIONS if q.values
    }
    return {**defaults(), **watched}
