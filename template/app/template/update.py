"""One command for an update: from the check of the tree to what is left to do."""

from collections.abc import Sequence

from app.core.paths import APP
from app.template.commands import copier, git
from app.template.edits import Report, examine
from app.template.errors import UpdateError
from app.template.restore import follow_moves
from app.template.upgrading import notes_after
from app.template.versions import commit_before_update, present_answers


def update(answers: Sequence[str], version: str | None) -> tuple[Report, list[str]]:
    """Update the project. `answers` are `question=answer`; `version` is a tag of the template.

    Returns what became of the edits, and lines on what is left to do. Raises `UpdateError`.
    """
    commit_before_update()  # raises where there is no commit
    if changed := git("status", "--porcelain", "--", ".").splitlines():
        names = ", ".join(line[3:] for line in changed[:5])
        raise UpdateError(
            f"There are changes that are not committed: {names}.",
            hint="Commit them first (`git add -A && git commit`): so an update can always be taken back.",
        )
    old = present_answers()
    options = [word for answer in answers for word in ("--data", answer)]
    if version:
        options += ["--vcs-ref", version]
    copier("update", "--defaults", "--quiet", *options)
    if not git("status", "--porcelain").strip():
        return Report(present_answers().version, None), ["Nothing has changed."]
    followed: list[str] = []
    report = examine(lambda before, was: followed.extend(follow_moves(before, was)))
    notes = notes_after(old.version) if report.version != old.version else ""
    return report, [*followed, *_next_steps(notes)]


def _next_steps(notes: str) -> list[str]:
    steps = ["Next:", "    uv sync", "    uv run app init"]
    if (APP / "db").is_dir():
        steps.append("    uv run app db upgrade")
    steps += ["    uv run pytest", "    git add -A && git commit -m 'Update from the template'"]
    if notes:
        steps += ["", notes]
    return steps
