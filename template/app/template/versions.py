"""Versions of the project: as its owner has it, and as the template had written it."""

import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from app.core.paths import ROOT
from app.template.commands import ANSWERS_FILE, copier, git, git_bytes
from app.template.errors import UpdateError


@dataclass(frozen=True)
class Answers:
    """What an answers file says."""

    source: str
    """Address or folder of the template."""
    version: str
    """Of the template, as git names it."""
    values: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> "Answers":
        """Read an answers file. Raises `UpdateError`."""
        try:
            document = yaml.safe_load(text)
            source, version = document["_src_path"], document["_commit"]
        except (yaml.YAMLError, KeyError, TypeError):
            raise UpdateError(
                f"{ANSWERS_FILE} is damaged.", hint=f"Get it back: `git checkout HEAD -- {ANSWERS_FILE}`."
            ) from None
        values = {name: value for name, value in document.items() if not name.startswith("_")}
        return cls(str(source), str(version), values)


def present_answers() -> Answers:
    """Return the answers as they are now."""
    try:
        return Answers.parse((ROOT / ANSWERS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UpdateError(f"There is no {ANSWERS_FILE}: this project does not know its template.") from None


def answers_at(commit: str) -> Answers | None:
    """Return the answers of a commit; None if it has none."""
    text = content_at(commit, ANSWERS_FILE)
    return None if text is None else Answers.parse(text.decode())


def content_at(commit: str, path: str) -> bytes | None:
    """Return a file of a commit; None if it is not there."""
    return git_bytes("show", f"{commit}:./{path}")


def files_at(commit: str) -> set[str]:
    """Return the paths of a commit's files."""
    return set(git("ls-tree", "-r", "--name-only", "-z", commit, "--", ".").split("\0")) - {""}


def commit_before_update() -> str | None:
    """Return the commit before the last update: HEAD while that is not committed. None: there was none."""
    if not git("rev-parse", "--is-inside-work-tree", check=False).strip():
        raise UpdateError("This is not a git repository.", hint="Run `git init && git add . && git commit`.")
    if git_bytes("rev-parse", "HEAD") is None:
        raise UpdateError("Nothing is committed yet.", hint="Run `git add . && git commit -m 'Start'`.")
    if git_bytes("diff", "--quiet", "HEAD", "--", ANSWERS_FILE) is None:
        return "HEAD"
    last = git("log", "-1", "--format=%H", "--", ANSWERS_FILE).strip()
    before = f"{last}~1"
    return before if last and content_at(before, ANSWERS_FILE) is not None else None


@contextmanager
def written_by_template(answers: Answers) -> Generator[Path]:
    """Give a folder with the project as the template writes it with these answers."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "answers.yml"
        data.write_text(yaml.safe_dump(dict(answers.values)), encoding="utf-8")
        project = Path(folder) / "project"
        copier(
            "copy",
            "--defaults",
            "--quiet",
            "--data-file",
            str(data),
            "--vcs-ref",
            answers.version,
            answers.source,
            str(project),
        )
        yield project
