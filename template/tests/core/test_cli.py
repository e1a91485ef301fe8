import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.paths import APP
from app.core.registry import load_features
from tests.commands import run_app


def test_help_lists_the_commands_of_all_features() -> None:
    done = run_app("--help", TERM="dumb", COLUMNS="200")

    assert done.returncode == 0
    assert all(command in done.stdout for command in ("init", "doctor", "features", "ask", "chat"))


def test_features_prints_what_is_plugged_in_as_json() -> None:
    done = run_app("features", "--json")

    assert [f["name"] for f in json.loads(done.stdout)["features"]] == [f.name for f in load_features()]


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


def test_init_writes_settings_that_doctor_accepts(tmp_path: Path) -> None:
    shutil.copytree(APP, tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".env.example").write_text("ENVIRONMENT=development\nLLM_MODEL=offline:demo\n")

    def in_copy(*arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = {name: value for name, value in os.environ.items() if name != "ENVIRONMENT"}
        command = [sys.executable, "-m", "app", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    assert in_copy("init").returncode == 0
    assert json.loads(in_copy("ask", "hi", "--json").stdout)["model"] == "offline:demo"
