"""Bring back an edit that an update has left behind."""

import subprocess
import tempfile
from pathlib import Path

from app.core.paths import ROOT
from app.template.edits import edited_files, moved_to
from app.template.errors import UpdateError
from app.template.versions import answers_at, commit_before_update, content_at, written_by_template


def restore(path: str) -> str:
    """Bring an edited file back: as it was; or, if it has moved, its edits into the new place.

    Returns a sentence on what was done. Raises `UpdateError`.
    """
    before = commit_before_update()
    mine = content_at(before, path) if before else None
    if before is None or mine is None:
        raise UpdateError(f"Before the last update there was no {path}.")
    target = moved_to(path)
    if target is None:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_bytes(mine)
        return f"{path} is back as it was. The template has it no more: it is yours now."
    old = answers_at(before)
    assert old is not None
    with written_by_template(old) as was:
        return _merge(mine, was / path, ROOT / target)


def follow_moves(before: str, was: Path) -> list[str]:
    """Let the edits in files that have moved follow. Returns a sentence for each."""
    done = []
    for path in sorted(edited_files(before, was)):
        target = moved_to(path)
        mine = content_at(before, path)
        if target and mine is not None and not (ROOT / path).exists():
            done.append(_merge(mine, was / path, ROOT / target))
    return done


def _merge(mine: bytes, original: Path, target: Path) -> str:
    """Merge the owner's version of the original into the target, as git does."""
    with tempfile.NamedTemporaryFile(suffix=original.suffix) as file:
        file.write(mine)
        file.flush()
        labels = ["-L", "the template", "-L", "before", "-L", "yours"]
        command = ["git", "merge-file", "-p", *labels, str(target), str(original), file.name]
        merged = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if merged.returncode < 0 or merged.returncode > 127:
        raise UpdateError(f"git could not merge your edit into {target.relative_to(ROOT)}.")
    target.write_bytes(merged.stdout)
    where = target.relative_to(ROOT).as_posix()
    if merged.returncode:
        return f"Your edit of {original.name} stands in {where}, with a conflict that is marked in it."
    return f"Your edit of {original.name} stands in {where}."
