"""What has become of the owner's edits in an update."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from app.core.paths import ROOT
from app.template.commands import ANSWERS_FILE, git
from app.template.versions import (
    Answers,
    answers_at,
    commit_before_update,
    content_at,
    files_at,
    present_answers,
    written_by_template,
)

_MOVES = Path(__file__).with_name("moves.toml")
_MARKER = b"<<<<<<< "


@dataclass(frozen=True)
class Lost:
    """An edit that is not where it was."""

    path: str
    kind: Literal["gone", "moved", "conflict"]
    detail: str
    command: str
    """Brings it back."""

    def __str__(self) -> str:
        """Two lines: what happened, and what to type."""
        return f"{self.kind}: {self.path}: {self.detail}\n    → {self.command}"


@dataclass(frozen=True)
class Report:
    """What an update has done to the project."""

    version: str
    """Of the template, now."""
    before: str | None
    """The commit before the last update; None if there was none."""
    lost: tuple[Lost, ...] = ()
    not_applied: tuple[str, ...] = ()
    """Files that the template has changed, but that the owner has renamed or deleted."""
    answers_edited: tuple[str, ...] = ()
    """Questions whose answers were changed by hand: the code is not as they say."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left to be done."""
        return not self.lost and not self.answers_edited

    def as_dict(self) -> dict[str, object]:
        """Return what `--json` prints."""
        return {**asdict(self), "clean": self.is_clean}


def moves() -> Mapping[str, str]:
    """Return the files and folders that have moved, from old to new."""
    table: dict[str, str] = tomllib.loads(_MOVES.read_text(encoding="utf-8"))["moves"]
    return table


def moved_to(path: str) -> str | None:
    """Return where a file is now; None if it has not moved, or is not there either."""
    known = moves()
    for old, new in known.items():
        if path == old or path.startswith(f"{old}/"):
            target = new + path[len(old) :]
            return target if (ROOT / target).exists() else None
    return None


def examine(let_follow: Callable[[str, Path], object] | None = None) -> Report:
    """Compare the owner's edits before the last update with what there is now. Raises `UpdateError`.

    `let_follow(before, was)` is called first: with the commit before, and a folder with what the template had
    written there.
    """
    present = present_answers()
    before = commit_before_update()
    old = answers_at(before) if before else None
    if before is None or old is None:
        return Report(present.version, None, tuple(_conflicts()))
    with written_by_template(old) as was, written_by_template(present) as becomes:
        if let_follow:
            let_follow(before, was)
        lost = [*_conflicts(), *_missing(before, was)]
        return Report(
            present.version,
            git("rev-parse", before).strip(),
            tuple(lost),
            tuple(_not_applied(before, was, becomes)),
            tuple(_edited_answers(before, old, present, was, becomes)),
        )


def edited_files(before: str, was: Path) -> set[str]:
    """Return the files of the template that the owner had changed."""
    tracked = files_at(before)
    return {
        path
        for path in tracked
        if path != ANSWERS_FILE
        and (was / path).is_file()
        and _plain(content_at(before, path)) != _plain((was / path).read_bytes())
    }


def _plain(content: bytes | None) -> bytes | None:
    """Return a text without what git may do to the ends of its lines."""
    return None if content is None else content.replace(b"\r\n", b"\n")


def _missing(before: str, was: Path) -> Iterator[Lost]:
    for path in sorted(edited_files(before, was)):
        if (ROOT / path).exists():
            continue
        if target := moved_to(path):
            if not _has_followed(before, path, target, was):
                command = f"uv run app template restore {path}"
                yield Lost(path, "moved", f"it is {target} now, without your edit", command)
            continue
        yield Lost(
            path,
            "gone",
            "the template has it no more, and you had changed it",
            f"uv run app template restore {path}",
        )


def _has_followed(before: str, path: str, target: str, was: Path) -> bool:
    """Whether all lines that the owner had added stand in the file's new place."""
    original = (was / path).read_bytes().splitlines()
    mine = (content_at(before, path) or b"").splitlines()
    added = {line for line in mine if line.strip()} - set(original)
    return added <= set((ROOT / target).read_bytes().splitlines())


def _conflicts() -> Iterator[Lost]:
    unmerged = set(git("diff", "--name-only", "--diff-filter=U", "--relative", "-z").split("\0")) - {""}
    changed = set(git("diff", "--name-only", "--relative", "-z", "HEAD").split("\0")) - {""}
    marked = {path for path in changed if _has_marker(ROOT / path)}
    for path in sorted(unmerged | marked):
        yield Lost(
            path,
            "conflict",
            "you and the template have changed the same lines",
            f"choose between the lines that are marked in it, then `git add {path}`",
        )


def _has_marker(path: Path) -> bool:
    if not path.is_file():
        return False
    content = path.read_bytes()
    return content.startswith(_MARKER) or b"\n" + _MARKER in content


def _not_applied(before: str, was: Path, becomes: Path) -> Iterator[str]:
    """Yield the files that the owner has renamed or deleted, and the template has changed."""
    tracked = files_at(before)
    for file in sorted(path for path in was.rglob("*") if path.is_file()):
        path = file.relative_to(was).as_posix()
        new = becomes / path
        if path in tracked or path == ANSWERS_FILE or not new.is_file():
            continue
        if new.read_bytes() != file.read_bytes():
            yield path


def _edited_answers(before: str, old: Answers, present: Answers, was: Path, becomes: Path) -> Iterator[str]:
    """Yield the answers that were changed by hand: the files are not as the template writes them now."""
    if old.version != present.version:
        return
    different = _differing_files(was, becomes) - {ANSWERS_FILE}
    changed = set(git("diff", "--name-only", "--relative", "-z", before).split("\0"))
    arrived = set(git("ls-files", "--others", "--exclude-standard", "-z").split("\0"))
    if different and different.isdisjoint(changed | arrived):
        names = old.values.keys() | present.values.keys()
        yield from sorted(name for name in names if old.values.get(name) != present.values.get(name))


def _differing_files(one: Path, other: Path) -> set[str]:
    paths = {p.relative_to(root).as_posix() for root in (one, other) for p in root.rglob("*") if p.is_file()}
    return {path for path in paths if _content(one / path) != _content(other / path)}


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
