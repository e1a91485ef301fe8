"""Layer 3: what runs. The command of AGENTS.md in the largest project; the tests of each feature once with
each closure (closures.py), in projects with environments of their own; and the type checker on the same
projects, where one environment with all dependencies is faster.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.closures import Choice, candidates, choose, units
from tests.composition import Project, compose, template
from tests.conftest import Render, git
from tests.questionnaire import QUESTIONS, ROOT, Answers, defaults, label
from tests.relations import requirements_of
from tests.test_update import commit, copy

pytestmark = pytest.mark.matrix

VERSIONS = ("3.13", "3.11")
"""Of Python: the one that most people have, and the oldest that is supported."""

ROTATION = int(os.environ.get("MATRIX_ROTATION", datetime.now(UTC).toordinal()))
"""Which of the choices without a run of their own are run: others every day. The tests' names say which."""

ROTATED = ["license", "llm_provider", "agent_framework", "python_version"]
"""Questions whose answers take turns in the largest project."""

RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def largest() -> Answers:
    """Return the answers of the largest project; those of which it has only one take turns."""
    turns = {q.name: q.choices[ROTATION % len(q.choices)] for q in QUESTIONS if q.name in ROTATED}
    return {**defaults(), **turns}


def choices() -> list[Choice]:
    """Return what covers all closures that the largest project does not have."""
    return choose(candidates(), units(largest()))


each_project = pytest.mark.parametrize(
    "answers", [largest(), *(choice.answers for choice in choices())], ids=label
)
each_choice = pytest.mark.parametrize(
    ("choice", "version"),
    [
        pytest.param(choice, VERSIONS[turn % 2], id=f"{label(choice.answers)}-{VERSIONS[turn % 2]}")
        for turn, choice in enumerate(choices())
    ],
)


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a fresh shell: nothing of this test run's own."""
    dropped = {"VIRTUAL_ENV", "ENVIRONMENT", "UV_PYTHON"}
    kept = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith("PYTEST_")}
    return {**kept, **variables}


def run(command: list[str], folder: Path, **variables: str) -> str:
    """Run a command, and return what it prints. Fails with all of it."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the dependencies of every combination, and mypy."""
    requirements = {"mypy>=2.4,<3", *requirements_of(template())}
    folder = tmp_path_factory.mktemp("environment") / "venv"
    run(["uv", "venv", "--quiet", str(folder)], ROOT)
    interpreter = folder / "bin" / "python"
    run(["uv", "pip", "install", "--quiet", "--python", str(interpreter), *sorted(requirements)], ROOT)
    return interpreter


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real RabbitMQ."""
    if not RABBITMQ.exists():
        pytest.skip("RabbitMQ is not installed: apt-get install rabbitmq-server")
    folder = tmp_path_factory.mktemp("rabbitmq")
    with socket.socket() as probe, socket.socket() as other:
        for s in (probe, other):
            s.bind(("127.0.0.1", 0))
        port, distribution = probe.getsockname()[1], other.getsockname()[1]
    process = subprocess.Popen(
        [str(RABBITMQ)],
        cwd=folder,
        env=environment(
            HOME=str(folder),
            RABBITMQ_NODENAME=f"test{port}@localhost",
            RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
            RABBITMQ_NODE_PORT=str(port),
            RABBITMQ_DIST_PORT=str(distribution),
            RABBITMQ_MNESIA_BASE=str(folder / "data"),
            RABBITMQ_LOG_BASE=str(folder / "log"),
            RABBITMQ_ENABLED_PLUGINS_FILE=str(folder / "plugins"),
        ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(port)
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("RabbitMQ did not start")


def written(project: Project, folder: Path) -> Path:
    """Write a composed project to disk."""
    for path, content in project.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def interpreter(version: str) -> str:
    """Return a Python of this version. Skips the test where there is none."""
    places = [shutil.which(f"python{version}"), *Path.home().glob(f".pyenv/versions/{version}*/bin/python")]
    for place in filter(None, places):
        done = subprocess.run([place, "--version"], capture_output=True, text=True, check=False)
        if done.stdout.startswith(f"Python {version}."):
            return str(place)
    pytest.skip(f"Python {version} is not installed")


@pytest.mark.parametrize("answers", [largest()], ids=label)
def test_the_command_of_agents_md_passes(answers: Answers, tmp_path: Path) -> None:
    """With what the project declares, and nothing else."""
    project = written(compose(answers), tmp_path / "project")
    (command,) = console_commands((project / "AGENTS.md").read_text(encoding="utf-8"), "Before you commit")

    output = run(["bash", "-c", command], project, UV_PYTHON=interpreter(VERSIONS[ROTATION % 2]))

    assert_passed(output)


@each_choice
def test_features_pass_their_tests_with_each_closure(
    choice: Choice, version: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    project = written(compose(choice.answers), tmp_path / "project")
    variables = {"UV_PYTHON": interpreter(version)}
    if choice.answers["broker"] == "rabbitmq" and "backend" in choice.answers["stages"]:
        variables["TEST_BROKER_URL"] = request.getfixturevalue("rabbitmq")
        variables["PYTEST_ADDOPTS"] = "--numprocesses=0"  # its queues cannot be told apart

    output = run(["uv", "run", "pytest", *choice.tests], project, **variables)

    assert_passed(output)


def assert_passed(output: str) -> None:
    """Check that tests ran, and that none was skipped."""
    last = output.splitlines()[-1]
    assert re.search(r"\d+ passed", last), output
    assert "skipped" not in last, output


@each_project
def test_its_types_are_right(answers: Answers, python: Path, tmp_path: Path) -> None:
    project = written(compose(answers), tmp_path / "project")

    run([str(python), "-m", "ty", "check", "--python", str(python.parent.parent)], project)


def test_the_largest_project_passes_mypy_in_strict_mode(python: Path, tmp_path: Path) -> None:
    project = written(compose(largest()), tmp_path / "project")

    run([str(python), "-m", "mypy", "--strict", "."], project)


def console_commands(readme: str, heading: str, level: int = 2) -> list[str]:
    """Return the commands of the first console block below a heading."""
    section = readme.split(f"{'#' * level} {heading}\n", 1)[1]
    block = section.split("```console\n", 1)[1].split("```", 1)[0]
    return block.strip().splitlines()


def test_a_newcomer_can_follow_the_smallest_projects_readme(render: Render) -> None:
    """With an environment of its own: what it declares is all that it needs."""
    project = render(stages=[])
    readme = (project / "README.md").read_text(encoding="utf-8")

    (ask,) = console_commands(readme, "Run it")
    (test,) = console_commands(readme, "Test it")

    assert "offline model" in run(["bash", "-c", ask], project)
    assert " passed" in run(["bash", "-c", test], project)


def test_the_weekly_update_brings_what_is_new_and_says_what_is_left_to_do(
    template: Path, tmp_path: Path
) -> None:
    repository = tmp_path / "template"
    shutil.copytree(template, repository)
    project = copy(repository, tmp_path / "project", stages=["backend", "shipping"])
    run(["uv", "lock"], project)
    commit(project)
    changed = repository / "template" / "app" / "llm" / "layers.py"
    changed.write_text(f"{changed.read_text()}\nNEW = 1\n")
    git(repository, "commit", "--quiet", "--all", "--message", "New")
    git(repository, "tag", "v99.1.0")

    run([".github/update-from-template"], project)

    assert "NEW = 1" in (project / "app" / "llm" / "layers.py").read_text()
    assert "app template status" in (project / ".data" / "template-update.md").read_text()
    assert ".data" not in git(project, "status", "--porcelain")


def test_the_evaluation_of_a_pull_request_compares_every_system(render: Render) -> None:
    project = render(stages=["design", "monitoring"])

    run([".github/evaluate"], project, GITHUB_STEP_SUMMARY=str(project / "summary.md"))

    summary = (project / "summary.md").read_text(encoding="utf-8")
    assert all(system in summary for system in defaults()["systems"])


@contextmanager
def served(project: Path, command: str) -> Iterator[tuple[str, str]]:
    """Serve a project with a command, and give the port and what it has said until it was ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    log = project / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
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
        yield port, log.read_text()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0, log.read_text()
    finally:
        process.terminate()
        process.wait(timeout=60)


def test_a_newcomer_can_follow_the_largest_projects_readme(render: Render) -> None:
    project = render()
    readme = (project / "README.md").read_text(encoding="utf-8")
    (dev,) = console_commands(readme, "Run it")

    with served(project, dev) as (_, said):
        curl, *_ = (line for line in said.splitlines() if "curl " in line)
        answer = run(["bash", "-c", curl[curl.index("curl ") :]], project)

    assert '"status":"queued"' in answer


def test_the_recipe_of_agents_md_works_as_it_is_written(render: Render) -> None:
    project = render()
    text = (project / "AGENTS.md").read_text(encoding="utf-8")
    for path, content in re.findall(r"```python\n# (\S+)\n(.*?)```", text, re.DOTALL):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(content, encoding="utf-8")
    (project / "app/notes/__init__.py").touch()
    (revision,) = console_commands(
        text, "A whole one: a table, routes, a workflow with an approval, tests", 3
    )

    run(["bash", "-c", revision], project)
    run(["bash", "-c", "uv run ruff check . && uv run ruff format --check . && uv run ty check"], project)
    suites = ["tests/notes", "tests/test_architecture.py", "tests/db", "tests/api/test_openapi.py"]
    output = run(["uv", "run", "pytest", "-q", *suites], project)

    assert " passed" in output.splitlines()[-1]
