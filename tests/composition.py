"""A generated project without Copier: put together from pieces, each with when it is there.

A file without Jinja is one piece; one with Jinja is cut into its top-level blocks (an `{% if %}…{% endif %}`,
a `{% for %}…{% endfor %}`, a line with `{{ … }}`), and each block has a piece for every text that it can
become. `_exclude` in `copier.yml` is cut in the same way. `test_method.py` checks that the pieces make what
Jinja makes of the whole file, and `test_faithful.py` that Copier makes the same.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path

from jinja2 import meta
from pathspec import GitIgnoreSpec

from tests.conditions import (
    ALWAYS,
    NEVER,
    Condition,
    Fact,
    When,
    combined,
    example,
    explore,
    pairwise,
    values_of,
    when_any,
)
from tests.questionnaire import CONFIGURATION, ROOT, Answers, jinja

SUFFIX = ".jinja"
ANSWERS_FILE = ".copier-answers.yml"
_ANSWERS_TEMPLATE = "{{ _copier_conf.answers_file }}.jinja"

Project = Mapping[str, bytes]
"""The files of a generated project: content by path. The answers file is left out: only Copier writes it."""

_MOST_VERSIONS = 512

_TAG = re.compile(r"\{%-?\s*(\w+)((?:(?!%\}).)*)%\}|\{\{.*?\}\}", re.DOTALL)
_STATEMENT = re.compile(r"\s*\{%-?\s*(?:set\s+(\w+)\s*=.*|from.*import\s+(.*?))\s*-?%\}\s*", re.DOTALL)
_PAIRED = {"if", "for", "macro", "filter", "call"}


@dataclass(frozen=True)
class Piece:
    """A text that a file can hold."""

    text: str
    when: When


class Template:
    """The files of a template, and what they become. The real one, or a copy with a fault in it."""

    def __init__(self, root: Path = ROOT, exclude: str | None = None) -> None:
        self.root = root / "template"
        self._exclude = "\n".join(CONFIGURATION["_exclude"]) if exclude is None else exclude
        self._absent: dict[str, When] = {}
        self._pieces: dict[str, tuple[tuple[Piece, ...], ...]] = {}
        self.paths = {path.removesuffix(SUFFIX): path for path in self._found()}
        """The file from which each file of a project is made."""

    def _found(self) -> list[str]:
        """Return the paths of all files, but for what running the template in its place has left."""
        lines = (self.root / ".gitignore").read_text(encoding="utf-8").splitlines()
        ignored = GitIgnoreSpec.from_lines(lines)
        found = (path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file())
        return sorted(path for path in found if not ignored.match_file(path) and path != _ANSWERS_TEMPLATE)

    def present(self, path: str) -> When:
        """Return when a file, or anything in a folder, is in a project."""
        if path in self.paths:
            return ~self._absent_when(path)
        within = [other for other in self.paths if other.startswith(f"{path}/")]
        return either(self.present(other) for other in within)

    def _absent_when(self, path: str) -> When:
        if path not in self._absent:
            self._absent[path] = either(
                when_any(condition for condition, spec in variants if spec.match_file(path))
                for variants in self._patterns
                if any(spec.match_file(path) for _, spec in variants)
            )
        return self._absent[path]

    @property
    def _patterns(self) -> list[list[tuple[Condition, GitIgnoreSpec]]]:
        return _explored_patterns(self._exclude)

    def blocks(self, path: str) -> tuple[tuple[Piece, ...], ...]:
        """Return the blocks of a file, where it is present: each with all that it can become."""
        if path not in self._pieces:
            content = _read(self.root / self.paths[path])
            source = "" if b"\0" in content else content.decode()  # a binary file holds no text
            if not self.paths[path].endswith(SUFFIX):
                self._pieces[path] = ((Piece(source, ALWAYS),),)
            else:
                self._pieces[path] = tuple(map(_pieces, cut(source)))
        return self._pieces[path]

    def pieces(self, path: str) -> Iterator[Piece]:
        """Yield all that a file can hold, each with when it does."""
        present = self.present(path)
        for block in self.blocks(path):
            for piece in block:
                yield Piece(piece.text, present & piece.when)

    def facts(self, path: str) -> list[Fact]:
        """Return the facts on which the content of a file depends."""
        conditions = (c for block in self.blocks(path) for piece in block for c in piece.when.conditions)
        return sorted({fact for condition in conditions for fact, _ in condition}, key=repr)

    def versions(self, path: str) -> list[bytes]:
        """Return what a file can be: for every combination of the facts that it reads, if these are few; or
        else for enough of them that every two facts are met with all that they can be together.
        """
        facts = self.facts(path)
        size = prod(len(values_of(fact)) for fact in facts)
        conditions = combined(facts) if size <= _MOST_VERSIONS else pairwise(facts)
        return sorted({self.content(path, example(condition)) for condition in conditions})

    def content(self, path: str, answers: Answers) -> bytes:
        """Return a file as it is under some answers, rendered as a whole."""
        source = self.root / self.paths[path]
        if not self.paths[path].endswith(SUFFIX):
            return _read(source)
        text = _read(source).decode()
        return _rendered(text, _hashable(answers, _variables(text))).encode()

    def compose(self, answers: Answers) -> Project:
        """Return the files of the project with these answers."""
        excluded = _spec(_rendered(self._exclude, _hashable(answers, _variables(self._exclude))))
        present = (path for path in self.paths if not excluded.match_file(path))
        return {path: self.content(path, answers) for path in present}


@cache
def template() -> Template:
    """Return the template as it is."""
    return Template()


def compose(answers: Answers) -> Project:
    """Return the files of the project with these answers."""
    return template().compose(answers)


def either(several: Iterable[When]) -> When:
    """Return when one of them holds."""
    found = NEVER
    for when in several:
        found |= when
    return found


def cut(source: str) -> list[str]:
    """Return the top-level blocks of a template, each with the `set` and `from` that it needs."""
    source = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    statements: dict[str, str] = {}
    blocks = []
    for text in _spans(source):
        if match := _STATEMENT.fullmatch(text):
            statements |= dict.fromkeys(re.split(r",\s*", match[1] or match[2]), text)
        else:
            blocks.append("".join(_needed(text, statements)) + text)
    return blocks


def _needed(text: str, statements: Mapping[str, str]) -> list[str]:
    """Return the statements that define what a block reads, in their order."""
    todo, needed = [text], set[str]()
    while todo:
        names = meta.find_undeclared_variables(jinja().parse(todo.pop())) & statements.keys()
        more = {statements[name] for name in names} - needed
        needed |= more
        todo += more
    return [statement for statement in dict.fromkeys(statements.values()) if statement in needed]


def _spans(source: str) -> Iterator[str]:
    """Yield the lines of a template: together those of one tag or pair of tags, and plain ones."""
    lines: list[str] = []
    for line in source.splitlines(keepends=True):
        if not lines or _is_open("".join(lines)) or not (_TAG.search(line) or _TAG.search(lines[-1])):
            lines.append(line)
        else:
            yield "".join(lines)
            lines = [line]
    if lines:
        yield "".join(lines)


def _is_open(text: str) -> bool:
    """Whether a text ends within a tag, or between the two of a pair."""
    names = [match[1] or "" for match in _TAG.finditer(text)]
    begun = sum(name in _PAIRED for name in names)
    ended = sum(name.startswith("end") for name in names)
    is_within = any(text.count(left) > text.count(right) for left, right in (("{%", "%}"), ("{{", "}}")))
    return is_within or begun > ended


def _pieces(block: str) -> tuple[Piece, ...]:
    """Return all that a block can become."""
    if not _TAG.search(block):
        return (Piece(block, ALWAYS),)
    found: dict[str, set[Condition]] = {}
    for condition, text in explore(jinja().from_string(block).render):
        found.setdefault(text, set()).add(condition)
    return tuple(Piece(text, when_any(conditions)) for text, conditions in found.items())


@cache
def _explored_patterns(exclude: str) -> list[list[tuple[Condition, GitIgnoreSpec]]]:
    explored = (explore(jinja().from_string(block).render) for block in cut(exclude))
    return [[(condition, _spec(text)) for condition, text in variants] for variants in explored]


@cache
def _spec(patterns: str) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(line.strip() for line in patterns.splitlines())


@cache
def _read(path: Path) -> bytes:
    return path.read_bytes()


@cache
def _rendered(source: str, values: tuple[tuple[str, object], ...]) -> str:
    thawed = {name: list(value) if isinstance(value, tuple) else value for name, value in values}
    return jinja().from_string(source).render(thawed)


@cache
def _variables(source: str) -> frozenset[str]:
    """Return the answers that a template reads, also through what it includes."""
    tree = jinja().parse(source)
    included = (name for name in meta.find_referenced_templates(tree) if name)
    nested = (_variables((ROOT / name).read_text(encoding="utf-8")) for name in included)
    return frozenset(meta.find_undeclared_variables(tree)).union(*nested) - {"_copier_phase"}


def _hashable(answers: Answers, names: Iterable[str]) -> tuple[tuple[str, object], ...]:
    return tuple(
        (name, tuple(answers[name]) if isinstance(answers[name], list) else answers[name])
        for name in sorted(names)
        if name in answers
    )
