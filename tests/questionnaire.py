"""What `copier.yml` asks, and the answers that it allows.

Nothing here names a stage or a choice: a question that is added to `copier.yml` is tested at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod
from pathlib import Path
from random import Random
from typing import Any

import yaml
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "template"

Answers = Mapping[str, Any]

CONFIGURATION: dict[str, Any] = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))


@cache
def jinja() -> SandboxedEnvironment:
    """Return an environment like Copier's. `test_faithful.py` checks that it renders the same."""
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(ROOT),
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["_copier_phase"] = "render"
    return environment


@dataclass(frozen=True)
class Question:
    """One question."""

    name: str
    definition: Mapping[str, Any]

    def is_asked(self, answers: Answers) -> bool:
        conditions = (self.definition.get(name, True) for name in ("when", "ask"))
        return all(self._render(str(condition), answers) in {"True", "true"} for condition in conditions)

    def default(self, answers: Answers) -> Any:
        value = self.definition["default"]
        return self._render(value, answers) if isinstance(value, str) else value

    def complaint(self, value: Any, answers: Answers) -> str:
        """Return what the question's validator says of a value: nothing if it is right."""
        return self._render(self.definition.get("validator", ""), {**answers, self.name: value}).strip()

    @property
    def choices(self) -> list[Any]:
        """Return the values to choose from; none for a question with a free answer."""
        choices = self.definition.get("choices", [])
        return list(choices.values()) if isinstance(choices, dict) else list(choices)

    @property
    def is_multiselect(self) -> bool:
        return bool(self.definition.get("multiselect"))

    @property
    def values(self) -> list[Any]:
        """Return what the answer can be, or what can be among the answers; none for a free answer."""
        return [True, False] if self.definition["type"] == "bool" else self.choices

    @staticmethod
    def _render(text: str, answers: Answers) -> str:
        return jinja().from_string(text).render(answers)


QUESTIONS = [Question(name, d) for name, d in CONFIGURATION.items() if not name.startswith("_")]


@cache
def defaults() -> Answers:
    """Return the answers of who accepts every default."""
    answers: dict[str, Any] = {}
    for question in QUESTIONS:
        answers[question.name] = question.default(answers)
    return answers


def random_answers(random: Random) -> Answers:
    """Return valid answers, each choice as likely as the others; free answers are the defaults."""
    while True:
        answers = {**defaults(), **{q.name: _random_answer(q, random) for q in QUESTIONS if q.values}}
        if not any(question.complaint(answers[question.name], answers) for question in QUESTIONS):
            return answers


def _random_answer(question: Question, random: Random) -> Any:
    if question.is_multiselect:
        return [choice for choice in question.choices if random.random() < 0.5]
    return random.choice(question.values)


def count_combinations() -> int:
    """Return how many combinations of choices can be made; a question that is not asked has one answer."""
    multiselect = [q for q in QUESTIONS if q.is_multiselect]
    total = 0
    for rows in product(*([True, False] for q in multiselect for _ in q.choices)):
        chosen = iter(rows)
        answers = {**defaults(), **{q.name: [c for c in q.choices if next(chosen)] for q in multiselect}}
        asked = [q for q in QUESTIONS if q.values and q.is_asked(answers)]
        is_new = all(q in asked or answers[q.name] == q.default(answers) for q in multiselect)
        if is_new and not any(q.complaint(answers[q.name], answers) for q in multiselect):
            total += prod(len(q.values) for q in asked if not q.is_multiselect)
    return total


def label(answers: Answers) -> str:
    """Return a short name for a combination: the answers to the questions that it was asked."""
    asked = (q for q in QUESTIONS if q.values and q.is_asked(answers))
    values = (answers[q.name] for q in asked)
    return "-".join("+".join(v) or "none" if isinstance(v, list) else str(v) for v in values)
