import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.paths import APP, ROOT
from app.core.registry import load_features
from app.workflows import WORKFLOWS
from tests.commands import run_app

pytestmark = pytest.mark.slow


def test_help_lists_the_commands_of_all_features() -> None:
    done = run_app("--help", TERM="dumb", COLUMNS="200")

    assert done.returncode == 0
    assert all(command in done.stdout for command in ("init", "doctor", "features", "ask", "chat"))


def test_features_prints_what_is_plugged_in_as_json() -> None:
    done = run_app("features", "--json")

    document = json.loads(done.stdout)
    assert [f["name"] for f in document["features"]] == [f.name for f in load_features()]
    assert {"core.commands", "llm.layers"} <= {point["name"] for point in document["extension_points"]}


def test_features_are_drawn_with_what_they_require() -> None:
    done = run_app("features", "--graph")

    assert done.stdout.startswith("flowchart TD\n")
    for feature in load_features():
        assert f'["{feature.name}"]' in done.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["ask", "hi"], {"LLM_MODEL": "nonsense"}, "provider:name"),
        (["ask", "hi"], {"LLM_RETRIES": "-1"}, "LLM_RETRIES is wrong"),
        (["ask", "hi"], {"ENVIRONMENT": "production"}, "offline model is refused"),
        (["ask", "hi"], {"ENVIRONMENT": "prod"}, "ENVIRONMENT is wrong"),
        (["ask", " "], {}, "question is empty"),
    ],
)
def test_a_failure_is_a_message_and_an_exit_code(
    arguments: list[str], environment: dict[str, str], message: str
) -> None:
    done = run_app(*arguments, **environment)

    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def copied(folder: Path) -> Path:
    """Copy the application, so that it has an `.env` of its own."""
    shutil.copytree(APP, folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run_in(folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name != "ENVIRONMENT"}
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", [["doctor"], ["ask", "hi", "--json"], ["init"], ["features"]])
def test_a_broken_environment_file_is_a_message_without_its_secrets(
    command: list[str], tmp_path: Path
) -> None:
    folder = copied(tmp_path)
    (folder / ".env").write_bytes(b"OPENAI_API_KEY=sk-abcdefgh12345678\n# caf\xe9\n")
    (folder / ".env.example").write_text("")

    done = run_in(folder, *command)

    assert done.returncode == 1
    assert "UTF-8" in done.stderr + done.stdout
    assert "sk-abcdefgh" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_doctor_reports_what_stops_the_other_commands() -> None:
    done = run_app("doctor", "--json", LOG_LEVEL="loud")

    assert done.returncode == 1
    assert any("LOG_LEVEL" in finding["detail"] for finding in json.loads(done.stdout)["findings"])


def test_case_does_not_matter_in_a_choice() -> None:
    assert run_app("ask", "hi", LOG_LEVEL="WARNING").returncode == 0


def test_a_reader_that_leaves_in_the_middle_is_no_error() -> None:
    command = f"{shlex.quote(sys.executable)} -m app ask 'one two three four' | head -c 1"
    done = subprocess.run(["/bin/bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)

    assert "Traceback" not in done.stderr
    assert "exception" not in done.stderr.lower()


def test_init_writes_settings_that_doctor_accepts(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / ".env.example").write_text("ENVIRONMENT=development\nLLM_MODEL=offline:demo\n")

    assert run_in(folder, "init").returncode == 0
    assert json.loads(run_in(folder, "ask", "hi", "--json").stdout)["model"] == "offline:demo"


@pytest.mark.parametrize("arguments", [["nonsense", "--input", "-"], ["nonsense", "--input", "missing.json"]])
def test_an_unknown_workflow_is_a_message_that_names_those_that_exist(arguments: list[str]) -> None:
    done = run_app("workflows", "run", *arguments)

    assert done.returncode == 1
    assert "There is no workflow 'nonsense'" in done.stderr
    assert all(name in done.stderr for name in WORKFLOWS.names())


def test_the_workflows_are_listed() -> None:
    done = run_app("workflows", "list", "--json")

    assert [w["name"] for w in json.loads(done.stdout)["workflows"]] == sorted(WORKFLOWS.names())
