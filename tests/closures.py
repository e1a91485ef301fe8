"""Which tests must run in which projects, so that every feature's tests have run with all that they can meet.

A feature imports only what it requires (the generated `tests/test_architecture.py` enforces that), so its
tests depend on its closure: the files of the feature, of those that it requires, what these import of `core`,
and its tests. Two projects with the same closure run the same code (docs/decisions/which-suites-are-run.md).
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from tests.composition import compose, template
from tests.conditions import Condition, combined, example
from tests.questionnaire import Answers, label

RUN_WITH = {
    "llm": ["llm_provider"],
    "rag": ["vector_store"],
    "rag.http": ["vector_store"],
    "runs": ["broker"],
    "worker": ["broker"],
}
"""Questions whose answers change not a feature's files, but what its tests run with: an SDK, a server."""

BEHIND_AN_INTERFACE = re.compile(r"app/agents/(adapters/\w+|turn)\.py")
"""Files that stand for each other, and that the tests of their own feature hold to the same behaviour: the
others meet each of them once, not with every closure.
"""

Unit = tuple[str, frozenset[str]]
"""The tests of one feature on one closure: the feature's name, and the paths of the closure with the answers
to `RUN_WITH`. Python in the template holds no Jinja: files at the same paths are the same files.
"""


@dataclass(frozen=True)
class Choice:
    """A project, and the units that are to run in it."""

    answers: Answers
    units: frozenset[Unit]

    @property
    def tests(self) -> list[str]:
        """Return the paths to run: the tests of the features, and those of the whole project."""
        paths = compose(self.answers).keys()
        found = {path for name, _ in self.units for path in _tests_of(name, paths)}
        found |= {path for path in paths if PurePosixPath(path).parent == PurePosixPath("tests")}
        return sorted(path for path in found if PurePosixPath(path).name.startswith("test_"))


def candidates() -> list[Answers]:
    """Return projects among which every closure of every feature occurs, the small ones first.

    Which files a closure has depends on few facts: all that these can be is tried.
    """
    found: dict[str, Answers] = {}
    for name in ("core", *_requirements()):
        whens = {template().present(path) for path in _closure(name, template().paths)}
        facts = {fact for when in whens for condition in when.conditions for fact, _ in condition}
        facts |= {(question, None) for question in RUN_WITH.get(name, [])}
        of_closure: dict[object, Condition] = {}
        for condition in combined(sorted(facts, key=repr)):
            there = frozenset(when for when in whens if any(c <= condition for c in when.conditions))
            runs_with = [value for (question, _), value in condition if question in RUN_WITH.get(name, [])]
            of_closure.setdefault((there, *runs_with), condition)
        for condition in of_closure.values():
            for answers in (example(condition), example(condition, fewest=True)):
                found[label(answers)] = answers
    return sorted(found.values(), key=lambda answers: len(compose(answers)))


def units(answers: Answers) -> frozenset[Unit]:
    """Return the units of a project."""
    paths = compose(answers).keys()
    return frozenset(
        unit
        for name in ("core", *_requirements())
        if name == "core" or f"app/{name.replace('.', '/')}/feature.py" in paths
        if _tests_of(name, paths)
        for unit in _units(name, _closure(name, paths), {str(answers[q]) for q in RUN_WITH.get(name, [])})
    )


def _units(name: str, closure: frozenset[str], runs_with: set[str]) -> Iterator[Unit]:
    """Yield a closure, and apart from it what it meets behind an interface."""
    behind = {path for path in closure if BEHIND_AN_INTERFACE.fullmatch(path) and _owner(path) != name}
    yield name, closure - behind | runs_with
    if behind:
        yield name, frozenset(behind)


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
def _requirements() -> dict[str, tuple[str, ...]]:
    """Return what each feature of the template requires."""
    return dict(
        _feature(_source(path)) for path in template().paths if PurePosixPath(path).name == "feature.py"
    )


def _feature(source: str) -> tuple[str, tuple[str, ...]]:
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    (fields,) = ({k.arg: k.value for k in call.keywords} for call in calls)
    requires = ast.literal_eval(fields["requires"]) if "requires" in fields else ()
    return ast.literal_eval(fields["name"]), tuple(requires)


@cache
def _source(path: str) -> str:
    return template().content(path, {}).decode()


def _closure(name: str, paths: Collection[str]) -> frozenset[str]:
    """Return the files of a closure: of the features, their tests, and what these import of the core."""
    reached = _reached(name)
    found = {path for path in paths if _owner(path) in reached} | _tests_of(name, paths)
    return frozenset(found | _imported_of_core(frozenset(found)) & set(paths))


@cache
def _reached(name: str) -> frozenset[str]:
    """Return a feature and all that it requires, directly or not."""
    reached, todo = set[str](), [name]
    while todo:
        if (name := todo.pop()) not in reached:
            reached.add(name)
            todo += _requirements().get(name, ())
    return frozenset(reached)


@cache
def _owner(path: str) -> str | None:
    """Return the feature that a file belongs to: the innermost one, if features are nested."""
    names = (path.removeprefix("app/").rsplit("/", n)[0] for n in range(1, path.count("/") + 1))
    return next((name for folder in names if (name := folder.replace("/", ".")) in _requirements()), None)


@cache
def _imported_of_core(paths: frozenset[str]) -> frozenset[str]:
    found = set[str]()
    todo = {path for path in paths if path.endswith(".py")}
    while todo:
        imported = {f"app/core/{module}.py" for path in todo for module in _core_modules(path)}
        todo = imported & template().paths.keys() - found
        found |= todo
    return frozenset(found)


@cache
def _core_modules(path: str) -> frozenset[str]:
    """Return the modules of the core that a file imports."""
    return frozenset(re.findall(r"^\s*from app\.core\.(\w+) import", _source(path), re.MULTILINE))


def _tests_of(name: str, paths: Collection[str]) -> set[str]:
    """Return the files of a feature's tests; with those beside its folder, if that is no feature's."""
    folder = f"tests/{name.replace('.', '/')}"
    parent = name.rpartition(".")[0].replace(".", "/")
    is_shared = parent and f"app/{parent}/feature.py" not in paths
    found = {path for path in paths if path.startswith(f"{folder}/")}
    return found | {path for path in paths if is_shared and path.rpartition("/")[0] == f"tests/{parent}"}
