"""How large the image of the default project is, of which layers, and how soon it is ready.

    uv run python benchmarks/image.py [OPTIONS OF docker build]

Needs a Docker engine with the images that the project's Dockerfile and `deploy/compose.yaml` name.
Prints tables.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
IMAGE = "measured-image"
BASE = "python:3.13-slim"
ROUNDS = 3
ENVIRONMENT = {
    "DATABASE_URL": "postgresql://app:app@postgres:5432/app",
    "BROKER_URL": "redis://valkey:6379/0",
    "OPENAI_API_KEY": "sk-nobody",
}
ADDRESS = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
LARGEST = "du -sm /srv/.venv/lib/python3*/site-packages/*/ | sort -rn | head -n 8"


def docker(*command: str) -> str:
    environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
    done = subprocess.run(["docker", *command], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.strip()


def build(options: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        copy = ["copier", "copy", "--quiet", "--defaults", "--vcs-ref=HEAD", str(ROOT), f"{name}/project"]
        subprocess.run(["uv", "run", "--project", str(ROOT), *copy], check=True)
        docker("build", "--quiet", *options, "--tag", IMAGE, f"{name}/project")


def megabytes(image: str) -> float:
    return int(docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6


def print_layers() -> None:
    history = [*history_of(IMAGE)]
    above = history[: len(history) - len([*history_of(BASE)])]
    print("| layer | size |\n|---|---|")
    for size, made_by in reversed(above):
        if size != "0B":
            print(f"| `{made_by[:60]}` | {size} |")
    print(f"| **above the base** (`{BASE}`) | **{megabytes(IMAGE) - megabytes(BASE):.0f} MB** |\n")
    print("| the largest packages | MB |\n|---|---|")
    for line in docker("run", "--rm", IMAGE, "sh", "-c", LARGEST).splitlines():
        size, path = line.split()
        print(f"| {Path(path).name} | {size} |")


def history_of(image: str) -> Iterator[tuple[str, str]]:
    listed = docker("history", "--no-trunc", "--format", "{{.Size}}\t{{.CreatedBy}}", image)
    yield from (line.split("\t") for line in listed.splitlines())  # type: ignore[misc]


@contextmanager
def services() -> Iterator[None]:
    """PostgreSQL, Valkey, a worker and the scheduler, on a migrated database."""
    docker("network", "create", IMAGE)
    try:
        password = tempfile.NamedTemporaryFile("w")  # noqa: SIM115 - gone with the process
        password.write("app")
        password.flush()
        mounted = f"{password.name}:/password:ro"
        database = ["POSTGRES_USER=app", "POSTGRES_DB=app", "POSTGRES_PASSWORD_FILE=/password"]
        start("postgres", "pgvector/pgvector:pg17", *options("--env", database), "--volume", mounted)
        start("valkey", "valkey/valkey:8")
        for _ in range(60):
            ready = ["exec", name_of("postgres"), "pg_isready", "--username", "app", "--host", "127.0.0.1"]
            if subprocess.run(["docker", *ready], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(1)
        run = ["run", "--rm", "--network", IMAGE, *environment()]
        docker(*run, IMAGE, "app", "db", "upgrade")
        for process in ("worker", "beat"):
            start(process, IMAGE, *environment(), command=["app", process])
        yield
    finally:
        names = [name_of(each) for each in ("postgres", "valkey", "worker", "beat", "api")]
        subprocess.run(["docker", "rm", "--force", "--volumes", *names], capture_output=True, check=False)
        docker("network", "rm", IMAGE)


def name_of(service: str) -> str:
    return f"{IMAGE}-{service}"


def options(option: str, values: list[str]) -> list[str]:
    return [part for value in values for part in (option, value)]


def environment() -> list[str]:
    return options("--env", [f"{name}={value}" for name, value in ENVIRONMENT.items()])


def start(service: str, image: str, *more: str, command: list[str] | None = None) -> None:
    alias = ["--name", name_of(service), "--network", IMAGE, "--network-alias", service]
    docker("run", "--detach", *alias, *more, image, *(command or []))


def seconds_until(path: str) -> float:
    """Start an API, and return how long it takes until it answers with 200."""
    began = time.perf_counter()
    start("api", IMAGE, *environment())
    address = docker("inspect", "--format", ADDRESS, name_of("api"))
    while time.perf_counter() - began < 60:
        try:
            with urllib.request.urlopen(f"http://{address}:8000{path}", timeout=2):
                docker("rm", "--force", name_of("api"))
                return time.perf_counter() - began
        except (OSError, urllib.error.URLError):
            time.sleep(0.05)
    sys.exit(docker("logs", name_of("api")))


def main() -> None:
    build(sys.argv[1:])
    print_layers()
    print("\n| from `docker run` until | seconds |\n|---|---|")
    with services():
        seconds_until("/health/ready")  # the scheduler has ticked once
        for path in ("/health/live", "/health/ready"):
            print(f"| `{path}` | {statistics.median(seconds_until(path) for _ in range(ROUNDS)):.1f} |")


if __name__ == "__main__":
    main()
