"""Every combination as a set of files, each file rendered once for each distinct set of answers it reads.

A combination is thus put together from files that exist already: all of them take seconds, where rendering
each with Copier would take minutes. `test_faithful.py` checks that both give the same bytes.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import PurePosixPath

from jinja2 import meta
from pathspec import GitIgnoreSpec

from tests.questionnaire import CONFIGURATION, ROOT, TEMPLATE, Answers, jinja

SUFFIX = ".jinja"
ANSWERS_FILE = ".copier-answers.yml"
_ANSWERS_TEMPLATE = "{{ _copier_conf.answers_file }}.jinja"

Project = Mapping[str, bytes]
"""The files of a generated project: content by path. The answers file is left out: only Copier writes it."""


@cache
def template_files() -> tuple[str, ...]:
    """Return the paths of all files below `template/`, but for what running it there has left."""
    ignored = GitIgnoreSpec.from_lines((TEMPLATE / ".gitignore").read_text(encoding="utf-8").splitlines())
    found = (path for path in TEMPLATE.rglob("*") if path.is_file())
    paths = sorted(path.relative_to(TEMPLATE).as_posix() for path in found)
    return tuple(path for path in paths if not ignored.match_file(path) and path != _ANSWERS_TEMPLATE)


def compose(answers: Answers) -> Project:
    """Return the files of the project with these answers."""
    excluded = _excluded(_values(answers, _variables(_exclude_template())))
    return {
        path.removesuffix(SUFFIX): _content(path, answers)
        for path in template_files()
        if not excluded.match_file(path.removesuffix(SUFFIX))
    }


def _content(path: str, answers: Answers) -> bytes:
    if not path.endswith(SUFFIX):
        return _read(path)
    return _rendered(path, _values(answers, _variables(_read(path).decode())))


@cache
def _read(path: str) -> bytes:
    return (TEMPLATE / path).read_bytes()


@cache
def _rendered(path: str, values: tuple[tuple[str, object], ...]) -> bytes:
    return jinja().from_string(_read(path).decode()).render(_thawed(values)).encode()


def _exclude_template() -> str:
    return "\n".join(CONFIGURATION["_exclude"])


@cache
def _excluded(values: tuple[tuple[str, object], ...]) -> GitIgnoreSpec:
    text = jinja().from_string(_exclude_template()).render(_thawed(values))
    return GitIgnoreSpec.from_lines(line.strip() for line in text.splitlines())


@cache
def _variables(source: str) -> frozenset[str]:
    """Return the answers that a template reads, also through what it includes."""
    tree = jinja().parse(source)
    included = (name for name in meta.find_referenced_templates(tree) if name)
    nested = (_variables((ROOT / name).read_text(encoding="utf-8")) for name in included)
    return frozenset(meta.find_undeclared_variables(tree)).union(*nested) - {"_copier_phase"}


def _values(answers: Answers, names: frozenset[str]) -> tuple[tuple[str, object], ...]:
    return tuple(
        (name, tuple(answers[name]) if isinstance(answers[name], list) else answers[name])
        for name in sorted(names)
        if name in answers
    )


def _thawed(values: tuple[tuple[str, object], ...]) -> dict[str, object]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values}


def code(project: Project) -> tuple[tuple[str, bytes], ...]:
    """Return the files of a project that its test suite runs."""
    parts = {"app", "tests"}
    return tuple((path, project[path]) for path in sorted(project) if PurePosixPath(path).parts[0] in parts)
