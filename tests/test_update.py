"""Layer 4: `copier update` pulls improvements and switches stages; the user's edits stay."""

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import Settings, run_copy, run_update

from tests.composition import ANSWERS_FILE
from tests.conftest import git
from tests.questionnaire import QUESTIONS, ROOT, defaults

STAGES = next(q for q in QUESTIONS if q.name == "stages")


def steps() -> list[tuple[list[str], list[str]]]:
    """Return what people do with stages: switch one on or off beside all others, or all at once."""
    everything = STAGES.choices
    without = [[other for other in everything if other != stage] for stage in everything]
    found = [(before, everything) for before in ([], *without)]
    valid = [pair for pair in found if not any(STAGES.complaint(stages, defaults()) for stages in pair)]
    both_ways = [pair for before, after in valid for pair in ((before, after), (after, before))]
    return [pair for n, pair in enumerate(both_ways) if pair not in both_ways[:n]]


@pytest.fixture(scope="module")
def repository(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the template's repository, to which tests add versions."""
    folder = tmp_path_factory.mktemp("versions") / "template"
    shutil.copytree(template, folder)
    return folder


def copy(template: Path, folder: Path, version: str | None = None, /, **answers: Any) -> Path:
    """Render a project and commit it, as its owner does."""
    settings = Settings()
    run_copy(
        str(template), folder, vcs_ref=version, data=answers, defaults=True, quiet=True, settings=settings
    )
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


def update(folder: Path, **answers: Any) -> None:
    run_update(folder, data=answers, defaults=True, quiet=True, overwrite=True, settings=Settings())


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "mine")


def files(folder: Path) -> Mapping[str, bytes]:
    found = (p for p in folder.rglob("*") if p.is_file() and ".git" not in p.relative_to(folder).parts)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


def edit(folder: Path) -> None:
    """Do what owners do: a feature of their own, a change of a file of ours, a dependency."""
    edit_code(folder)
    pyproject = folder / "pyproject.toml"
    text = pyproject.read_text()
    pyproject.write_text(
        text.replace("dependencies = [\n", 'dependencies = [\n    "my-own-package>=1",\n', 1)
    )
    commit(folder)


def edit_code(folder: Path) -> None:
    """Add a feature of their own, and change a file of ours."""
    (folder / "app" / "mine").mkdir()
    (folder / "app" / "mine" / "feature.py").write_text("MINE = True\n")
    settings = folder / "app" / "llm" / "prompts" / "chat.md"
    settings.write_text(settings.read_text() + "Speak like a pirate.\n")
    commit(folder)


@pytest.mark.parametrize(("before", "after"), steps(), ids=lambda stages: "+".join(stages) or "none")
def test_growing_equals_starting_over(
    before: list[str], after: list[str], template: Path, tmp_path: Path
) -> None:
    project = copy(template, tmp_path / "project", stages=before)
    (project / "notes.txt").write_text("mine\n")
    commit(project)

    update(project, stages=after)

    fresh = copy(template, tmp_path / "fresh", stages=after)
    assert files(project) == {**files(fresh), "notes.txt": b"mine\n"}
    assert [
        p for p in project.rglob("*") if p.is_dir() and not any(p.iterdir()) and ".git" not in p.parts
    ] == []


def test_a_second_update_changes_nothing(template: Path, tmp_path: Path) -> None:
    project = copy(template, tmp_path / "project", stages=[])
    update(project, stages=["backend"])
    commit(project)
    first = files(project)

    update(project)

    assert files(project) == first
    assert git(project, "status", "--porcelain") == ""


def test_edits_survive_a_stage_that_is_switched_on(template: Path, tmp_path: Path) -> None:
    project = copy(template, tmp_path / "project", stages=[])
    edit(project)

    update(project, stages=["backend"])

    assert git(project, "ls-files", "--unmerged") == ""
    assert (project / "app" / "mine" / "feature.py").read_text() == "MINE = True\n"
    assert (project / "app" / "llm" / "prompts" / "chat.md").read_text().endswith("pirate.\n")
    text = (project / "pyproject.toml").read_text()
    assert '"my-own-package>=1"' in text
    assert '"fastapi' in text


def test_edits_survive_a_new_version_of_the_template(repository: Path, tmp_path: Path) -> None:
    project = copy(repository, tmp_path / "project")
    edit(project)
    changed = repository / "template" / "app" / "llm" / "layers.py"
    changed.write_text(changed.read_text().replace("_LONGEST_WAIT = 30.0", "_LONGEST_WAIT = 20.0"))
    git(repository, "commit", "--quiet", "--all", "--message", "Wait less")
    git(repository, "tag", "v99.1.0")

    update(project)

    assert git(project, "ls-files", "--unmerged") == ""
    assert "_LONGEST_WAIT = 20.0" in (project / "app" / "llm" / "layers.py").read_text()
    assert (project / "app" / "llm" / "prompts" / "chat.md").read_text().endswith("pirate.\n")
    assert (project / "app" / "mine" / "feature.py").exists()


def test_the_same_line_changed_on_both_sides_is_a_conflict_that_loses_nothing(
    repository: Path, tmp_path: Path
) -> None:
    project = copy(repository, tmp_path / "project")
    mine = project / "app" / "llm" / "layers.py"
    mine.write_text(mine.read_text().replace("first=0.5", "first=0.7"))
    commit(project)
    theirs = repository / "template" / "app" / "llm" / "layers.py"
    theirs.write_text(theirs.read_text().replace("first=0.5", "first=0.3"))
    git(repository, "commit", "--quiet", "--all", "--message", "Back off less")
    git(repository, "tag", "v99.2.0")

    update(project)

    text = mine.read_text()
    assert "first=0.7" in text
    assert "first=0.3" in text
    assert "app/llm/layers.py" in git(project, "ls-files", "--unmerged")
    assert not list(project.rglob("*.rej"))


def test_a_file_that_the_user_deleted_stays_away(template: Path, tmp_path: Path) -> None:
    project = copy(template, tmp_path / "project")
    (project / "AGENTS.md").unlink()
    commit(project)

    update(project, stages=[])

    assert not (project / "AGENTS.md").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"systems": []}, {"systems": ["assistant", "multi_agent"]}),
        ({"systems": ["automation"]}, {"systems": ["document_processing"]}),
        ({"agent_framework": "native"}, {"agent_framework": "langgraph"}),
        ({"agent_framework": "langgraph"}, {"agent_framework": "pydantic_ai"}),
        (
            {"broker": "valkey", "mcp_server": True, "cloud": "aws"},
            {"broker": "rabbitmq", "mcp_server": False, "cloud": "gcp"},
        ),
    ],
    ids=lambda answers: "+".join(f"{name}={value}" for name, value in answers.items()),
)
def test_other_answers_equal_starting_over_too(
    before: dict[str, Any], after: dict[str, Any], template: Path, tmp_path: Path
) -> None:
    project = copy(template, tmp_path / "project", **before)

    update(project, **after)

    assert files(project) == files(copy(template, tmp_path / "fresh", **after))


def releases() -> dict[str, str]:
    """Return the commit of each recorded version: the first one whose `pyproject.toml` has it."""
    found: dict[str, str] = {}
    for commit_id in git(ROOT, "log", "--format=%H", "--", "pyproject.toml").split():
        document = tomllib.loads(git(ROOT, "show", f"{commit_id}:pyproject.toml"))
        found[document["project"]["version"]] = commit_id
    return found


@pytest.mark.parametrize("version", sorted(releases()))
def test_a_project_of_every_release_can_be_brought_up_to_date(version: str, tmp_path: Path) -> None:
    repository = tmp_path / "template"
    git(tmp_path, "clone", "--quiet", str(ROOT), str(repository))
    git(repository, "tag", f"v{version}", releases()[version])
    project = copy(repository, tmp_path / "project", f"v{version}")
    edit_code(project)
    git(repository, "tag", "v99.0.0")

    update(project)

    assert git(project, "ls-files", "--unmerged") == ""
    assert (project / "app" / "llm" / "prompts" / "chat.md").read_text().endswith("pirate.\n")
    fresh = files(copy(repository, tmp_path / "fresh", **answers_of(project)))
    edited = {"app/mine/feature.py", "app/llm/prompts/chat.md"}
    assert {p: c for p, c in files(project).items() if p not in edited} == {
        p: c for p, c in fresh.items() if p not in edited
    }


def answers_of(project: Path) -> dict[str, Any]:
    remembered = yaml.safe_load((project / ANSWERS_FILE).read_text(encoding="utf-8"))
    return {name: value for name, value in remembered.items() if not name.startswith("_")}
