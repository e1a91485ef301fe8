"""Which tests must run in which projects, so that every feature's tests have run with all that they can meet.

A feature imports only what it requires (the generated `tests/test_architecture.py` enforces that), so its
tests depend on its closure: the files of the feature, of those that it requires, of `core`, and its tests.
Two projects with the same closure run the same code; docs/decisions/which-suites-are-run.md says more.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from tests.composition import Project, compose
from tests.questionnaire import Answers

RUN_WITH = {
    "llm": ["llm_provider"],
    "runs": ["broker"],
    "worker": ["broker"],
}
"""Questions whose answers change not a feature's files, but what its tests run with: an SDK, a server."""

Unit = tuple[str, int]
"""The tests of one feature on one closure: the feature's name, and a hash of the closure."""


@dataclass(frozen=True)
class Choice:
    """A project, and the units that are to run in it."""

    answers: Answers
    units: frozenset[Unit]

    @property
    def tests(self) -> list[str]:
        """Return the paths to run: the tests of the features, and those of the whole project."""
        project = compose(self.answers)
        found = {path for name, _ in self.units for path in _tests_of(name, project)}
        found |= {path for path in project if PurePosixPath(path).parent == PurePosixPath("tests")}
        return sorted(path for path in found if PurePosixPath(path).name.startswith("test_"))


def units(answers: Answers) -> frozenset[Unit]:
    """Return the units of a project."""
    project = compose(answers)
    requires = {name: needs for path, content in project.items() for name, needs in _feature(path, content)}
    return frozenset(
        (name, _hash(name, answers, project, _reached(name, requires)))
        for name in ("core", *requires)
        if _tests_of(name, project)
    )


def choose(projects: Sequence[Answers], covered: Iterable[Unit]) -> list[Choice]:
    """Return projects that together run every unit that is not yet covered (greedy cover)."""
    found = [(answers, units(answers)) for answers in projects]
    missing = {unit for _, own in found for unit in own} - set(covered)
    chosen = []
    while missing:
        answers, own = max(found, key=lambda pair: len(pair[1] & missing))
        chosen.append(Choice(answers, own & missing))
        missing -= own
    return chosen


@cache
def _feature(path: str, content: bytes) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the name of the feature that a file declares, and what it requires. Of another file: nothing."""
    if PurePosixPath(path).name != "feature.py":
        return ()
    calls = (node for node in ast.walk(ast.parse(content)) if isinstance(node, ast.Call))
    (fields,) = ({k.arg: k.value for k in call.keywords} for call in calls)
    requires = ast.literal_eval(fields["requires"]) if "requires" in fields else ()
    return ((ast.literal_eval(fields["name"]), tuple(requires)),)


def _reached(name: str, requires: Mapping[str, Sequence[str]]) -> set[str]:
    """Return a feature and all that it requires, directly or not."""
    reached, todo = {"core"}, [name]
    while todo:
        if (name := todo.pop()) not in reached:
            reached.add(name)
            todo += requires[name]
    return reached


def _hash(name: str, answers: Answers, project: Project, reached: set[str]) -> int:
    folders = tuple(f"app/{feature.replace('.', '/')}/" for feature in reached)
    own = {path for path in project if path.startswith(folders)} | _tests_of(name, project)
    files = frozenset((path, project[path]) for path in own)  # the hash of a content is computed once
    return hash((files, *(answers[question] for question in RUN_WITH.get(name, []))))


def _tests_of(name: str, project: Project) -> set[str]:
    """Return the files of a feature's tests: of one inside another, also those beside its folder."""
    folder = f"tests/{name.replace('.', '/')}"
    beside = folder.rpartition("/")[0] if "." in name else None
    return {p for p in project if p.startswith(f"{folder}/") or p.rpartition("/")[0] == beside}
