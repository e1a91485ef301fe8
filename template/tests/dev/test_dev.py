"""`app dev` as a developer uses it: in a copy of the project, with real processes."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.paths import APP
from app.core.ports import PortInUse, free_port, require_free_port
from app.embedded import EmbeddedServices

pytestmark = pytest.mark.slow

SECONDS = 60.0


def until(condition: Callable[[], Any]) -> Any:
    """Wait for something to become true, and return it."""
    deadline = time.monotonic() + SECONDS
    while not (result := condition()):
        assert time.monotonic() < deadline, "this did not happen in time"
        time.sleep(0.1)
    return result


def processes_of(folder: Path) -> set[str]:
    """Return the command lines of processes that name `folder` or work in it."""
    done = subprocess.run(
        ["/bin/ps", "-ww", "-eo", "pid,stat,args"], capture_output=True, text=True, check=True
    )
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()[1:]]
    alive = [(pid, args) for pid, state, args in lines if not state.startswith("Z")]
    return {args for pid, args in alive if str(folder) in args or _works_in(pid, folder)}


def _works_in(pid: str, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder)
    except OSError:
        return False


def process_id(project: "Project", command: str) -> int:
    """Return the process of one of the parts that `app dev` runs."""
    listed = subprocess.run(["/bin/ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True)
    wanted = f"-m app.dev.child {command}"
    return next(
        int(line.split()[0])
        for line in listed.stdout.splitlines()
        if wanted in line and _works_in(line.split()[0], project.folder)
    )


def deleted(folder: Path) -> bool:
    """Delete a folder in which servers still write, as `rm -rf` does: whether nothing came in meanwhile."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


class Project:
    """A copy of this project, with its own data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        shutil.copytree(APP, folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
        self._environment = {name: value for name, value in os.environ.items() if name != "ENVIRONMENT"}
        self._log = folder / "output"

    def start(self, *options: str) -> "subprocess.Popen[bytes]":
        with self._log.open("wb") as log:
            return subprocess.Popen(
                self.command("dev", "--port", str(self.port), *options),
                cwd=self.folder,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "app", *arguments]

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def request(self, path: str, body: object = None) -> Any:
        data = json.dumps(body).encode() if body else None
        key = re.findall(r"API key of this project: (\S+)", self.output())[-1]
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return json.load(response)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = Project(tmp_path_factory.mktemp("project"))
    yield project
    EmbeddedServices(project.folder / ".data").stop()


@pytest.fixture
def running(project: Project) -> Iterator["subprocess.Popen[bytes]"]:
    """`app dev`, ready; at the end it is stopped if it still runs."""
    process = project.start()
    try:
        until(lambda: "Ready: " in project.output() or process.poll() is not None)
        assert process.poll() is None, project.output()
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=SECONDS)


def test_one_command_answers_a_run_and_one_signal_leaves_nothing_behind(
    project: Project, running: "subprocess.Popen[bytes]"
) -> None:
    body = {"workflow": "echo_summary", "input": {"text": "One two three", "max_words": 2}}
    run = project.request("/v1/runs", body)

    done = until(lambda: (r := project.request(f"/v1/runs/{run['id']}"))["finished_at"] and r)
    running.send_signal(signal.SIGINT)

    assert done["output"]["summary"] == "One two"
    assert running.wait(timeout=SECONDS) == 0, project.output()
    assert processes_of(project.folder) == set()
    assert "Traceback" not in project.output()


def test_data_is_there_at_the_next_start(project: Project, running: "subprocess.Popen[bytes]") -> None:
    first = project.request("/v1/runs", {"workflow": "echo_summary", "input": {"text": "Stay"}})
    running.send_signal(signal.SIGINT)
    running.wait(timeout=SECONDS)

    again = project.start()
    until(lambda: "Ready: " in project.output())
    kept = project.request(f"/v1/runs/{first['id']}")
    again.send_signal(signal.SIGINT)
    again.wait(timeout=SECONDS)

    assert kept["input"]["text"] == "Stay"


def test_a_part_that_is_killed_is_named_and_started_again(
    project: Project, running: "subprocess.Popen[bytes]"
) -> None:
    os.kill(process_id(project, "serve"), signal.SIGKILL)

    until(lambda: "ended unexpectedly (signal SIGKILL)" in project.output())

    def answers() -> bool:
        try:
            return bool(project.request("/health/live"))
        except OSError:
            return False

    assert until(answers)


@pytest.mark.parametrize("part", ["beat", "worker"])
def test_a_part_that_is_killed_is_replaced_by_exactly_one(
    part: str, project: Project, running: "subprocess.Popen[bytes]"
) -> None:
    killed = process_id(project, part)
    os.kill(killed, signal.SIGKILL)

    def successors() -> list[str]:
        return [args for args in processes_of(project.folder) if args.endswith(f"app.dev.child {part}")]

    until(lambda: f"{part} │ ended unexpectedly (signal SIGKILL)" in project.output())
    until(lambda: len(successors()) == 1)
    assert process_id(project, part) != killed


def test_a_second_one_in_the_same_project_is_refused(
    project: Project, running: "subprocess.Popen[bytes]"
) -> None:
    second = project.run("dev", "--port", str(free_port()))

    assert second.returncode == 1
    assert f"runs in this project already: http://127.0.0.1:{project.port}" in second.stderr
    assert project.request("/v1/models")["data"]


def test_a_change_of_the_settings_restarts_everything_with_the_same_key(
    project: Project, running: "subprocess.Popen[bytes]"
) -> None:
    file = project.folder / ".env"
    file.write_text("CHAT_MODELS=offline:demo,ollama:one\nOLLAMA_BASE_URL=http://127.0.0.1:9\n")
    file.chmod(0o600)
    try:
        until(lambda: project.output().count("Ready: ") == 2)
        models = [model["id"] for model in project.request("/v1/models")["data"]]
    finally:
        file.unlink()

    assert "ollama:one" in models
    assert len(set(re.findall(r"API key of this project: (\S+)", project.output()))) == 1


def test_settings_that_are_wrong_are_named_and_nothing_is_restarted(
    project: Project, running: "subprocess.Popen[bytes]"
) -> None:
    file = project.folder / ".env"
    file.write_text("API_PORT=nonsense\n")
    try:
        until(lambda: "API_PORT is wrong" in project.output())
        assert project.request("/health/live") == {"status": "alive"}
    finally:
        file.unlink()


def test_a_service_that_was_slow_is_left_alone_and_one_that_dies_after_it_is_revived(
    project: Project, running: "subprocess.Popen[bytes]"
) -> None:
    services = EmbeddedServices(project.folder / ".data")
    postgres, valkey = services.servers["DATABASE_URL"].pid(), services.servers["BROKER_URL"].pid()
    assert postgres
    assert valkey
    os.kill(postgres, signal.SIGSTOP)
    time.sleep(6)  # three looks at it
    os.kill(postgres, signal.SIGCONT)

    os.kill(valkey, signal.SIGKILL)

    until(lambda: "Valkey had died: started again." in project.output())
    assert "Postgres had died" not in project.output()
    assert services.servers["DATABASE_URL"].pid() == postgres


def test_deleted_data_is_made_anew_and_no_service_is_orphaned(
    project: Project, running: "subprocess.Popen[bytes]"
) -> None:
    until(lambda: deleted(project.folder / ".data"))

    until(lambda: project.output().count("Ready: ") == 2)
    body = {"workflow": "echo_summary", "input": {"text": "One two three", "max_words": 2}}
    run = project.request("/v1/runs", body)
    until(lambda: project.request(f"/v1/runs/{run['id']}")["finished_at"])
    running.send_signal(signal.SIGINT)

    assert running.wait(timeout=SECONDS) == 0, project.output()
    until(lambda: not processes_of(project.folder))


def test_fresh_begins_without_data(project: Project) -> None:
    project.run("keys", "create", "kept", "--scope", "admin")
    process = project.start("--fresh")
    try:
        until(lambda: "Ready: " in project.output() or process.poll() is not None)
        listed = json.loads(project.run("keys", "list", "--json").stdout)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=SECONDS)

    assert [key["name"] for key in listed["keys"]] == ["app dev"]


def test_ctrl_c_while_it_starts_ends_it_soon(project: Project) -> None:
    process = project.start()
    try:
        until(lambda: "Starting" in project.output())
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        until(lambda: not processes_of(project.folder))
    finally:
        process.kill()
        process.wait()

    assert "Traceback" not in project.output()


def test_ctrl_c_while_it_starts_again_ends_it(project: Project, running: "subprocess.Popen[bytes]") -> None:
    file = project.folder / ".env"
    file.write_text("OLLAMA_BASE_URL=http://127.0.0.1:9\n")
    file.chmod(0o600)
    try:
        until(lambda: project.output().count("Starting the embedded services") == 2)
        running.send_signal(signal.SIGINT)
        running.wait(timeout=SECONDS)
        until(lambda: not processes_of(project.folder))
    finally:
        file.unlink()

    assert "Traceback" not in project.output()


def test_its_parts_end_when_it_is_killed(project: Project, running: "subprocess.Popen[bytes]") -> None:
    running.send_signal(signal.SIGKILL)
    running.wait(timeout=SECONDS)

    until(lambda: not any("app.dev.child" in args for args in processes_of(project.folder)))
    project.run("db", "status")  # the next command uses the services that still run, and stops them

    assert processes_of(project.folder) == set()


def test_other_commands_share_the_services_that_run(
    project: Project, running: "subprocess.Popen[bytes]"
) -> None:
    done = project.run("db", "status")

    assert (done.returncode, done.stderr) == (0, "")
    assert project.request("/health/ready")["status"] == "ready"


def test_commands_work_while_nothing_runs_and_leave_nothing_behind(project: Project) -> None:
    done = project.run("db", "upgrade")

    assert done.returncode == 0
    assert processes_of(project.folder) == set()


def test_a_service_that_was_killed_starts_again_with_its_data(project: Project) -> None:
    project.run("db", "upgrade")
    services = EmbeddedServices(project.folder / ".data")
    postgres = services.servers["DATABASE_URL"]
    postgres.start()
    pid = postgres.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)

    done = project.run("db", "status", "--json")

    assert done.returncode == 0, done.stderr
    assert all(f["current"] == f["head"] for f in json.loads(done.stdout)["features"])


def test_a_busy_port_is_refused_with_another_to_choose(project: Project) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]

        done = project.run("dev", "--port", str(port))

    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_free_port_is_not_refused() -> None:
    require_free_port("127.0.0.1", free_port())


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(PortInUse, match="Cannot listen"):
        require_free_port("192.0.2.1", 8000)


@pytest.mark.usefixtures("running")
def test_secrets_of_the_services_are_readable_by_their_owner_alone(project: Project) -> None:
    data = project.folder / ".data"
    files = [data / "postgres" / "password", data / "valkey" / "valkey.conf"]

    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
