"""The template repository itself: its documents tell the truth, its records agree."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.conftest import git
from tests.questionnaire import QUESTIONS, ROOT, TEMPLATE

DOCUMENTS = sorted(
    path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")]
)


def tracked() -> list[Path]:
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    broken = [t for t in targets if "://" not in t and not (document.parent / t).exists()]

    assert broken == []


def test_the_version_is_the_newest_in_the_changelog() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(
        r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )

    assert headings[0] == version


def test_every_question_has_help_and_a_default() -> None:
    assert [q.name for q in QUESTIONS if not q.definition.get("help")] == []
    assert [q.name for q in QUESTIONS if "default" not in q.definition] == []


def test_the_readme_names_every_preset() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert all(f"presets/{path.name}" in readme for path in (ROOT / "presets").glob("*.yml"))


@pytest.mark.parametrize("project", [ROOT, TEMPLATE], ids=["this repository", "generated project"])
def test_linters_find_nothing_in_the_workflows(project: Path, tmp_path: Path) -> None:
    """The files of a generated project's workflows hold no Jinja: they are the same in all of them."""
    shutil.copytree(project / ".github", tmp_path / ".github")
    git(tmp_path, "init", "--quiet")  # they call one another from the root of a repository
    workflows = [str(path) for path in (tmp_path / ".github" / "workflows").glob("*.yml")]
    linters = [
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows],
        ["actionlint", *workflows],
        ["zizmor", "--offline", "--no-progress", *workflows],
    ]

    for linter in linters:
        done = subprocess.run(linter, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_ci_of_a_generated_project_runs_the_command_of_its_agents_md() -> None:
    workflow = yaml.safe_load((TEMPLATE / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    steps = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]

    assert steps[0] == "uv sync --locked"
    assert " && ".join(steps[1:]) in (TEMPLATE / "AGENTS.md.jinja").read_text(encoding="utf-8")


def test_ci_runs_the_command_that_the_readme_gives() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^uv run pytest$", readme, re.MULTILINE)

    assert command in (ROOT / ".ci" / "run").read_text()
    assert command in (ROOT / ".github" / "workflows" / "ci.yml").read_text()


def test_no_lock_file_and_no_secret_file_is_recorded() -> None:
    names = {path.name for path in tracked()}

    assert names & {"uv.lock", ".env"} == set()


def test_hooks_and_configuration_can_be_read() -> None:
    assert yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]


def test_ruff_and_its_formatter_accept_the_repository() -> None:
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(["ruff", *command], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
