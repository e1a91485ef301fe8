"""How long it takes to write a project, and from there to the first answered run.

    uv run python benchmarks/generation.py

Times whole processes, as a user waits for them, and prints a table of ratios. It makes an environment with
the tools of `constraints.txt`, so that a run can be repeated; the package cache should be warm.
"""

import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ROUNDS = 5


def run(command: list[str], folder: Path) -> None:
    subprocess.run(
        command,
        cwd=folder,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def seconds(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def median_seconds(command: list[str], folder: Path, product: Path | None = None) -> float:
    """Return the median of several rounds after one that warms up; `product` is deleted before each."""
    times = []
    for _ in range(ROUNDS + 1):
        if product:
            shutil.rmtree(product, ignore_errors=True)
        times.append(seconds(lambda: run(command, folder)))
    return statistics.median(times[1:])


def tools(folder: Path) -> Path:
    """Install Copier and the peer into an environment of their own."""
    run(["uv", "venv", "--quiet", str(folder / "tools")], folder)
    constraints = str(ROOT / "benchmarks" / "constraints.txt")
    python = str(folder / "tools" / "bin" / "python")
    run(["uv", "pip", "install", "--python", python, "-r", constraints], folder)
    return folder / "tools" / "bin"


def request(url: str, key: str, body: object = None) -> Any:
    data = json.dumps(body).encode() if body else None
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as response:
        return json.load(response)


def first_answer(copier: str, folder: Path) -> dict[str, float]:
    """Return the seconds of each step from nothing to a finished run."""
    project = folder / "first"
    steps = {
        "copier copy": seconds(lambda: run([copier, "copy", "--defaults", str(ROOT), str(project)], folder))
    }
    steps["uv sync"] = seconds(lambda: run(["uv", "sync"], project))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    started = time.perf_counter()
    with (project / "log").open("wb") as log:
        dev = subprocess.Popen(
            ["uv", "run", "app", "dev", "--port", str(port)], cwd=project, stdout=log, stderr=log
        )
    while "Ready: " not in (project / "log").read_text():
        assert dev.poll() is None, (project / "log").read_text()
        time.sleep(0.02)
    steps["app dev, until ready"] = time.perf_counter() - started
    started = time.perf_counter()
    key = (project / ".data/key").read_text().strip()
    run_ = request(f"{base}/v1/runs", key, {"workflow": "echo_summary", "input": {"text": "One two three"}})
    while not request(f"{base}/v1/runs/{run_['id']}", key)["finished_at"]:
        time.sleep(0.02)
    steps["the run, until answered"] = time.perf_counter() - started
    dev.send_signal(signal.SIGINT)
    dev.wait(timeout=60)
    return steps


def machine() -> str:
    model = "unknown processor"
    if (cpuinfo := Path("/proc/cpuinfo")).exists():
        lines = cpuinfo.read_text().splitlines()
        model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), model)
    return f"{os.cpu_count()} cores, {model}, {platform.system()}, Python {platform.python_version()}"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        binaries = tools(folder)
        copier, peer = str(binaries / "copier"), str(binaries / "fastapi-fullstack")
        version = median_seconds([copier, "--version"], folder)
        ours = median_seconds([copier, "copy", "--defaults", str(ROOT), "ours"], folder, folder / "ours")
        options = ["--minimal", "--no-logfire", "--task-queue", "celery", "--redis"]
        theirs = median_seconds([peer, "create", "peer", *options], folder, folder / "peer")
        steps = first_answer(copier, folder)
    print(f"On {machine()}; median of {ROUNDS}.\n")
    print("| measured | ratio | goal |\n|---|---|---|")
    print(f"| `copier copy --defaults` : `copier --version` | {ours / version:.2f} | at most 2.5 |")
    print(f"| `copier copy --defaults` : `fastapi-fullstack create` | {ours / theirs:.2f} | at most 0.33 |")
    print("\nFrom `copier copy` to the first answered run, with a warm package cache:")
    print("\n| step | seconds |\n|---|---|")
    for step, value in steps.items():
        print(f"| {step} | {value:.1f} |")
    print(f"| **in all** (goal: at most 60) | **{sum(steps.values()):.1f}** |")


if __name__ == "__main__":
    main()
