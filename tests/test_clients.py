"""Layer 3: the clients that people use, against the largest project as `app dev` serves it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from copier import Settings, run_copy

from tests.questionnaire import ROOT
from tests.test_living import run, served

pytestmark = pytest.mark.matrix

CLIENTS = ROOT / "tests" / "clients"
PYTHON_CLIENTS = ["openai>=3,<4", "langchain-openai", "litellm", "pydantic-ai-slim[openai]", "instructor"]


@dataclass(frozen=True)
class Api:
    """The API of a project that runs."""

    url: str
    key: str


@pytest.fixture(scope="module")
def api(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The default project with `app dev` running."""
    project = tmp_path_factory.mktemp("served") / "project"
    run_copy(str(template), project, defaults=True, quiet=True, settings=Settings())
    with served(project, "uv run app dev") as (port, _):
        yield Api(f"http://127.0.0.1:{port}/v1", (project / ".data/key").read_text().strip())


def test_clients_in_python_are_served(api: Api, tmp_path: Path) -> None:
    packages = [word for name in PYTHON_CLIENTS for word in ("--with", name)]
    command = ["uv", "run", "--no-project", *packages, "python", str(CLIENTS / "clients.py")]

    output = run([*command, api.url, api.key], tmp_path, LITELLM_LOCAL_MODEL_COST_MAP="True")

    assert output.splitlines()[-1] == "all served"


def test_clients_in_javascript_are_served(api: Api, tmp_path: Path) -> None:
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    for name in ("clients.mjs", "package.json"):
        shutil.copy(CLIENTS / name, tmp_path)
    run(["npm", "install", "--silent", "--no-audit", "--no-fund"], tmp_path)

    output = run(["node", "clients.mjs", api.url, api.key], tmp_path)

    assert output.count(": served") == 3
