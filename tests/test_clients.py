"""Layer 3: the clients that people use, against the largest project as `app dev` serves it."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from copier import Settings, run_copy

from tests.questionnaire import ROOT
from tests.test_living import environment, run

pytestmark = pytest.mark.matrix

CLIENTS = ROOT / "tests" / "clients"
PYTHON_CLIENTS = ["openai>=3,<4", "langchain-openai", "litellm", "pydantic-ai-slim[openai]", "instructor"]


@dataclass(frozen=True)
class Served:
    """The API of a project that runs."""

    url: str
    key: str


@pytest.fixture(scope="module")
def served(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The default project with `app dev` running."""
    project = tmp_path_factory.mktemp("served") / "project"
    run_copy(str(template), project, defaults=True, quiet=True, settings=Settings())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    log = project / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["uv", "run", "app", "dev"],
            cwd=project,
            env=environment(API_PORT=port),
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + 300
        while "Ready: " not in log.read_text() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        assert process.poll() is None, log.read_text()
        yield Served(f"http://127.0.0.1:{port}/v1", (project / ".data/key").read_text().strip())
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    finally:
        process.terminate()
        process.wait(timeout=60)


def test_clients_in_python_are_served(served: Served, tmp_path: Path) -> None:
    packages = [word for name in PYTHON_CLIENTS for word in ("--with", name)]
    command = ["uv", "run", "--no-project", *packages, "python", str(CLIENTS / "clients.py")]

    output = run([*command, served.url, served.key], tmp_path, LITELLM_LOCAL_MODEL_COST_MAP="True")

    assert output.splitlines()[-1] == "all served"


def test_clients_in_javascript_are_served(served: Served, tmp_path: Path) -> None:
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    for name in ("clients.mjs", "package.json"):
        shutil.copy(CLIENTS / name, tmp_path)
    run(["npm", "install", "--silent", "--no-audit", "--no-fund"], tmp_path)

    output = run(["node", "clients.mjs", served.url, served.key], tmp_path)

    assert output.count(": served") == 3
