"""Layer 4: no edit vanishes in an update without a word. Real Copier, and the project's own command."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.composition import ANSWERS_FILE
from tests.conftest import git
from tests.questionnaire import ROOT
from tests.test_update import commit, copy, releases, update

RULES = "app/systems/automation/rules.py"
EDIT = "\nMINE = 1\n"


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Path:
    """A repository of the template of the test's own."""
    folder = tmp_path / "template"
    shutil.copytree(template, folder)
    return folder


def release(repository: Path, version: str) -> None:
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", version)
    git(repository, "tag", version)


def app(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the project's command `app template`, with Copier of this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["uv", "run", "--quiet", "--no-project", *_WITH, "python", "-m", "app.template", *words]
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


_WITH = [f"--with={name}" for name in ("typer", "pyyaml", "pydantic-settings", "structlog")]


def report(project: Path) -> dict[str, Any]:
    done = app(project, "status", "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if document["clean"] else 1)
    return document


def lost(project: Path) -> list[tuple[str, str]]:
    return [(entry["kind"], entry["path"]) for entry in report(project)["lost"]]


def append(file: Path, text: str = EDIT) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.mark.parametrize("is_committed", [False, True])
def test_an_edit_in_a_part_that_is_switched_off_is_listed_and_can_be_brought_back(
    is_committed: bool, template: Path, tmp_path: Path
) -> None:
    project = copy(template, tmp_path / "project")
    append(project / RULES)
    commit(project)

    update(project, systems=["assistant"])
    if is_committed:
        commit(project)

    assert lost(project) == [("gone", RULES)]
    command = report(project)["lost"][0]["command"].split()
    assert app(project, *command[4:]).returncode == 0
    assert (project / RULES).read_text(encoding="utf-8").endswith(EDIT)
    assert lost(project) == []


def test_an_edit_follows_a_file_that_has_moved(repository: Path, tmp_path: Path) -> None:
    old, new = "app/llm/layers.py", "app/llm/around.py"
    project = copy(repository, tmp_path / "project", stages=[])
    append(project / old)
    commit(project)
    git(repository, "mv", f"template/{old}", f"template/{new}")
    moved = repository / "template" / new
    moved.write_text(
        moved.read_text(encoding="utf-8").replace("_LONGEST_WAIT = 30.0", "_LONGEST_WAIT = 20.0")
    )
    append(repository / "template/app/template/moves.toml", f'"{old}" = "{new}"\n')
    release(repository, "v99.1.0")

    update(project)
    assert lost(project) == [("moved", old)]
    app(project, "restore", old)

    text = (project / new).read_text(encoding="utf-8")
    assert text.endswith(EDIT)
    assert "_LONGEST_WAIT = 20.0" in text
    assert report(project)["clean"]


def test_a_conflict_is_listed(repository: Path, tmp_path: Path) -> None:
    file = "app/llm/layers.py"
    project = copy(repository, tmp_path / "project", stages=[])
    for folder, value in ((project, "40.0"), (repository / "template", "20.0")):
        text = (folder / file).read_text(encoding="utf-8")
        (folder / file).write_text(text.replace("_LONGEST_WAIT = 30.0", f"_LONGEST_WAIT = {value}"))
    commit(project)
    release(repository, "v99.1.0")

    update(project)

    assert lost(project) == [("conflict", file)]


def test_one_command_updates_and_lets_edits_follow(repository: Path, tmp_path: Path) -> None:
    old, new = "app/llm/layers.py", "app/llm/around.py"
    project = copy(repository, tmp_path / "project", stages=[])
    append(project / old)
    commit(project)
    git(repository, "mv", f"template/{old}", f"template/{new}")
    append(repository / "template/app/template/moves.toml", f'"{old}" = "{new}"\n')
    notes = repository / "template/UPGRADING.md"
    notes.write_text(notes.read_text().replace("## 0.3.0", "## 99.1.0\n\n- Empty the queue.\n\n## 0.3.0"))
    release(repository, "v99.1.0")

    done = app(project, "update")

    assert done.returncode == 0, done.stderr
    assert (project / new).read_text(encoding="utf-8").endswith(EDIT)
    assert "Empty the queue." in done.stdout
    assert "Decisions name their step" not in done.stdout


def test_it_refuses_a_tree_with_changes(template: Path, tmp_path: Path) -> None:
    project = copy(template, tmp_path / "project", stages=[])
    append(project / "README.md")

    done = app(project, "update")

    assert done.returncode == 1
    assert "not committed" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_names_files_that_the_owner_renamed_and_the_template_changed(
    repository: Path, tmp_path: Path
) -> None:
    file = "app/llm/layers.py"
    project = copy(repository, tmp_path / "project", stages=[])
    git(project, "mv", file, "app/llm/mine.py")
    commit(project)
    append(repository / "template" / file)
    release(repository, "v99.1.0")

    update(project)

    assert report(project)["not_applied"] == [file]


@pytest.mark.parametrize("is_committed", [False, True])
def test_answers_that_were_changed_by_hand_are_noticed(
    is_committed: bool, template: Path, tmp_path: Path
) -> None:
    project = copy(template, tmp_path / "project", stages=["backend"])
    answers = project / ANSWERS_FILE
    answers.write_text(answers.read_text().replace("broker: valkey", "broker: rabbitmq"))
    if is_committed:
        commit(project)

    assert report(project)["answers_edited"] == ["broker"]


def test_the_answers_of_a_stage_come_back_with_it(template: Path, tmp_path: Path) -> None:
    chosen = {
        "agent_framework": "native",
        "systems": ["automation"],
        "broker": "rabbitmq",
        "mcp_server": False,
    }
    project = copy(template, tmp_path / "project", **chosen)
    update(project, stages=[])
    commit(project)

    update(project, stages=["design", "backend"])

    remembered = yaml.safe_load((project / ANSWERS_FILE).read_text(encoding="utf-8"))
    assert {name: remembered[name] for name in chosen} == chosen
    assert (project / "app/systems/automation").is_dir()
    assert not (project / "app/systems/assistant").exists()


def test_a_template_given_by_a_relative_path_can_be_updated(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    command = [
        "copier",
        "copy",
        "--defaults",
        "--quiet",
        "--data-file",
        "presets/minimal.yml",
        ".",
        "../mine",
    ]
    subprocess.run([sys.executable, "-m", *command], check=True)
    project = tmp_path / "mine"
    git(project, "init", "--quiet")
    commit(project)

    done = app(project, "update", "-d", "stages=[design]")

    assert done.returncode == 0, done.stderr
    assert (project / "app/agents").is_dir()


@pytest.mark.parametrize("is_repository", [False, True])
def test_without_a_commit_it_says_what_to_type(is_repository: bool, template: Path, tmp_path: Path) -> None:
    project = copy(template, tmp_path / "project", stages=[])
    shutil.rmtree(project / ".git")
    if is_repository:
        git(project, "init", "--quiet")

    done = app(project, "status")

    assert done.returncode == 1
    assert "git" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_tree_with_the_line_ends_of_windows_has_no_conflict(repository: Path, tmp_path: Path) -> None:
    project = copy(repository, tmp_path / "project", stages=[])
    git(project, "config", "core.autocrlf", "true")
    append(project / "app/llm/prompts/chat.md", "Speak like a pirate.\n")
    commit(project)
    git(project, "rm", "--quiet", "-r", "--cached", ".")
    git(project, "reset", "--quiet", "--hard")
    append(repository / "template/app/llm/layers.py")
    release(repository, "v99.1.0")

    update(project)

    assert git(project, "ls-files", "--unmerged") == ""
    assert report(project)["clean"]


MOVED = {
    "app/chat/history.py": "app/conversations/history.py",
    "app/chat/wire.py": "app/openai/wire.py",
    "app/customers/repository.py": "app/systems/automation/store/repository.py",
    "app/mcp/remote.py": "app/mcp/tools/remote.py",
    "app/runs/relay.py": "app/runs/dispatch.py",
    "app/worker/clock.py": "app/worker/scheduler.py",
    "app/workflows/groups.py": "app/graphs/groups.py",
}
"""What has moved since 0.3.0: into another folder, another name, or together with other files."""


def test_edits_of_0_3_0_follow_into_the_rooms_of_today(tmp_path: Path) -> None:
    repository = tmp_path / "template"
    git(tmp_path, "clone", "--quiet", str(ROOT), str(repository))
    git(repository, "tag", "v0.3.0", releases()["0.3.0"])
    project = copy(repository, tmp_path / "project", "v0.3.0")
    for file in MOVED:
        append(project / file)
    commit(project)
    git(repository, "tag", "v99.0.0")

    done = app(project, "update")

    assert "Traceback" not in done.stderr
    assert {new for new in MOVED.values() if "MINE = 1" not in (project / new).read_text()} == set()
