"""Git and Copier, as commands: both are on the machine of whoever updates a project."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from app.core.paths import ROOT
from app.template.errors import UpdateError

ANSWERS_FILE = ".copier-answers.yml"

_COPIER = "copier>=9.19,<10"


def git(*arguments: str, check: bool = True) -> str:
    """Return what git prints, run in the project. Raises `UpdateError` with what it complains of."""
    done = _run(["git", "-c", "core.quotepath=off", *arguments], ROOT)
    if check and done.returncode:
        raise UpdateError(f"git {arguments[0]} failed: {_last_line(done.stderr)}.")
    return done.stdout.decode(errors="surrogateescape")


def git_bytes(*arguments: str) -> bytes | None:
    """Return what git prints, as it is; None if it fails."""
    done = _run(["git", *arguments], ROOT)
    return None if done.returncode else done.stdout


def copier(*arguments: str) -> None:
    """Run Copier. Raises `UpdateError` with the last line of what it complains of."""
    done = _run([*_copier(), *arguments], ROOT)
    if done.returncode:
        raise UpdateError(
            f"Copier failed: {_last_line(done.stderr)}.",
            hint=f"Is `_src_path` in {ANSWERS_FILE} the address of the template, and can you reach it?",
        )


def _copier() -> Sequence[str]:
    if shutil.which("copier"):
        return ["copier"]
    if shutil.which("uvx"):
        return ["uvx", "--quiet", "--from", _COPIER, "copier"]
    raise UpdateError("Copier is not installed.", hint="Install uv, or `pip install copier`.")


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {n: v for n, v in os.environ.items() if n.startswith("GIT_CONFIG_")}
    try:
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    except FileNotFoundError:
        raise UpdateError(f"{command[0]} is not installed.") from None


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1].strip().rstrip(".") if lines else "it does not say why"
