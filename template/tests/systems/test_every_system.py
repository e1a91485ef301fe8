"""What every system has: a workflow that runs, examples, labelled cases, and a true document."""

import json
import re
from pathlib import Path

import pytest

from app.core.paths import APP
from app.workflows import get_workflow
from tests.commands import run_app

pytestmark = pytest.mark.slow

NAMES = sorted(path.parent.name for path in (APP / "systems").glob("*/feature.py"))
EXAMPLES = sorted((APP / "systems").glob("*/example*.json"))

each_system = pytest.mark.parametrize("name", NAMES)


def readme(name: str) -> str:
    return (APP / "systems" / name / "README.md").read_text(encoding="utf-8")


@each_system
def test_its_diagram_is_the_one_of_its_graph(name: str) -> None:
    draw = get_workflow(name).diagram
    assert draw
    drawn = re.findall(r"```mermaid\n(.*?)```", readme(name), re.DOTALL)

    assert drawn == [draw("mermaid")], (
        f"type: uv run app workflows diagram {name} --into app/systems/{name}/README.md"
    )


@each_system
def test_its_document_says_of_each_step_whether_it_is_ai(name: str) -> None:
    draw = get_workflow(name).diagram
    assert draw
    boxes = set(re.findall(r"^ +(?:subgraph )?(\w+)[\[({]", draw("mermaid"), re.MULTILINE))
    steps = boxes - {"INPUT", "OUTPUT"}

    assert {step for step in steps if f"`{step}`" not in readme(name)} == set()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_its_examples_run_from_the_command_line(path: Path, services: dict[str, str]) -> None:
    decided = path.with_name("decisions.json")
    decisions = json.loads(decided.read_text()) if decided.exists() else {}
    options = [f"--decision={step}={json.dumps(decision)}" for step, decision in decisions.items()]

    done = run_app("workflows", "run", path.parent.name, "--input", str(path), *options, **services)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


WAITING = sorted((APP / "systems").glob("*/decisions.json"))


def test_without_a_decision_the_command_line_shows_what_is_asked(services: dict[str, str]) -> None:
    for decisions in WAITING:
        name, step = decisions.parent.name, next(iter(json.loads(decisions.read_text())))
        path = decisions.with_name("example-waits.json")

        done = run_app("workflows", "run", name, "--input", str(path), **services)

        assert (done.returncode, done.stdout) == (1, "")
        assert f"--decision '{step}=" in done.stderr.splitlines()[-1]


@each_system
def test_it_has_an_example_and_labelled_cases(name: str) -> None:
    folder = APP / "systems" / name

    assert list(folder.glob("example*.json"))
    assert len((folder / "evals" / "cases.jsonl").read_text().splitlines()) >= 5


@each_system
def test_its_cases_are_right_however_often_they_are_run_against_the_configured_model(
    name: str, services: dict[str, str]
) -> None:
    for _ in range(2):
        done = run_app("eval", "answers", name, "--limit", "3", "--json", **services)

        report = json.loads(done.stdout)
        Path(report["report"]).unlink()
        assert (report["model"], len(report["cases"])) == ("offline:demo", 3)
        assert all(rate["right"] == rate["of"] for rate in report["fields"].values())


def test_a_system_without_cases_is_an_error_that_helps() -> None:
    done = run_app("eval", "answers", "nonsense")

    assert done.returncode == 1
    assert all(name in done.stderr for name in NAMES)
