"""The folder in which each process keeps its numbers, for any of them to add up."""

import os
import socket
import sys
from functools import cache
from pathlib import Path

from app.core.errors import ConfigurationError
from app.core.locks import lock
from app.metrics.settings import MetricsSettings

_LOCK = "lock"


@cache
def folder() -> Path:
    """Return the folder, for as long as this process lives.

    What processes of before have left stays: totals only grow. When the first of a new life opens it, with no
    other there, it is emptied.
    """
    path = MetricsSettings.load().folder
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if sys.platform != "win32":
        file = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)  # never closed: so it stays locked
        if lock(file, wait=False):
            for old in path.glob("*.db"):
                old.unlink()
        lock(file, shared=True)
    return path


def check_folder() -> None:
    """Raise `ConfigurationError` if this process could not count."""
    settings = MetricsSettings.load()
    if not settings.counts():
        return
    try:
        folder()
    except OSError as error:
        raise ConfigurationError(
            f"METRICS_FOLDER {settings.folder} cannot be used: {error.strerror}.",
            hint="Give it a folder that this process may write to, or set METRICS_ENABLED=false.",
        ) from None


def process_name() -> str:
    """Return what names this process among those that share the folder, which may be in containers."""
    return f"{socket.gethostname().replace('_', '-')}-{os.getpid()}"
