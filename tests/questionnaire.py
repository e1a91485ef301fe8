"""What `copier.yml` asks, and every combination of answers that it allows.

Nothing here names a stage or a choice: a question that is added to `copier.yml` is in the matrix at once.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import yaml
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "template"

Answers = Mapping[str, Any]

CONFIGURATION: dict[str, Any] = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))

EXHAUSTIVE = {"stages"}
"""Multiselect questions of which every subset is a combination; of the others: none, each alone, all."""

WORDING = {"license", "llm_provider", "python_version"}
"""Questions whose answers change words in some files, and no code. Each choice of the others is combined with
three sets of answers to these, in turn: so each of these sets is combined with some of the others."""


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
    def variants(self) -> list[Any]:
        """Return the answers that make a difference."""
        if self.definition["type"] == "bool":
            return [True, False]
        if not self.definition.get("multiselect"):
            return self.choices
        if self.name in EXHAUSTIVE:
            subsets = chain.from_iterable(combinations(self.choices, n) for n in range(len(self.choices) + 1))
            return [list(subset) for subset in subsets]
        return [[], *([choice] for choice in self.choices), self.choices]

    @staticmethod
    def _render(text: str, answers: Answers) -> str:
        return jinja().from_string(text).render(answers)


QUESTIONS = [Question(name, d) for name, d in CONFIGURATION.items() if not name.startswith("_")]


def _expand(questions: list[Question], answers: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not questions:
        yield answers
        return
    question, *others = questions
    variants = question.variants if question.is_asked(answers) else []
    for value in variants or [question.default(answers)]:
        if not question.complaint(value, answers):
            yield from _expand(others, {**answers, question.name: value})


@cache
def all_combinations() -> tuple[Answers, ...]:
    """Return every valid choice of code, each with some wordings; questions without choices have defaults."""
    groups: defaultdict[str, list[Answers]] = defaultdict(list)
    for answers in _expand(QUESTIONS, {}):
        groups[repr([value for name, value in answers.items() if name not in WORDING])].append(answers)
    return tuple(
        answers
        for turn, group in enumerate(groups.values())
        for answers in group[turn % max(1, len(group) // 3) :: max(1, len(group) // 3)]
    )


def label(answers: Answers) -> str:
    """Return a short name for a combination: the answers to the questions that it was asked."""
    asked = (q for q in QUESTIONS if q.variants and q.is_asked(answers))
    values = (answers[q.name] for q in asked)
    return "-".join("+".join(v) or "none" if isinstance(v, list) else str(v) for v in values)
