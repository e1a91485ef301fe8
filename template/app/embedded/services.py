"""The embedded servers, shared by all commands of one project.

Whoever needs them first starts them, whoever leaves last stops them. Each process that uses them holds a
shared lock on a file; the system drops it however the process ends. What a killed process has left running,
the next command uses, and stops.
"""

import atexit
import contextlib
import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from app.core.locks import lock
from app.core.paths import ROOT
from app.embedded.errors import EmbeddedServerError
from app.embedded.extensions import SERVERS
from app.embedded.programs import is_alive

DATA = ROOT / ".data"
USERS = "services.users"
"""The file of which every process that uses the servers holds a shared lock."""
_LOCK = "services.lock"


class EmbeddedServices:
    """The servers that the features of this project bring, with their data below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers = {
            variable: server(folder / server.name.lower()) for variable, server in SERVERS.load().items()
        }
        """By the variable that has their URL."""
        self._use: IO[str] | None = None
        self._pids: dict[str, int] = {}
        """The servers' processes by variable, as they were last seen: also when their files are gone."""

    def acquire(self) -> None:
        """Start what does not run, and keep it running until `release`."""
        if self._use:
            return
        with self._exclusive():
            for server in self.servers.values():
                if not server.is_running():
                    server.start()
            self._use = self._lock_file(USERS)
            lock(self._use, shared=True)
            self._remember()

    def release(self) -> None:
        """Stop the servers, unless another process uses them."""
        if not self._use:
            return
        with self._exclusive():
            self._use.close()
            self._use = None
            with self._lock_file(USERS) as others:
                if lock(others, wait=False):
                    self.stop()

    def stop(self) -> None:
        """Stop the servers, whoever uses them."""
        for server in reversed(self.servers.values()):
            server.stop()

    def revive(self) -> list[str]:
        """Start again, where it was, what has died. Returns the names. Raises `EmbeddedServerError`.

        A server that is alive and does not answer is left alone: the machine may be slow, or was asleep.
        """
        revived = []
        with self._exclusive():
            for variable, server in self.servers.items():
                if not is_alive(self._pids.get(variable, server.pid() or 0)):
                    server.start(urlsplit(os.environ[variable]).port)
                    revived.append(server.name)
            self._remember()
        return revived

    def are_gone(self) -> bool:
        """Whether somebody has deleted the servers' files while they run."""
        intact = (server.is_intact() for server in self.servers.values())
        return not (self.folder / _LOCK).exists() or not all(intact)

    def abandon(self) -> None:
        """Kill servers whose files are gone: they cannot stop by themselves, since they cannot save."""
        for pid in self._pids.values():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if self._use:
            self._use.close()
            self._use = None

    def _remember(self) -> None:
        pids = {variable: server.pid() for variable, server in self.servers.items()}
        self._pids = {variable: pid for variable, pid in pids.items() if pid is not None}

    @contextmanager
    def _exclusive(self) -> Generator[None]:
        """Keep two processes from starting or stopping the servers at the same time."""
        with self._lock_file(_LOCK) as file:
            lock(file)
            yield

    def _lock_file(self, name: str) -> IO[str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        return (self.folder / name).open("w", encoding="utf-8")


@cache
def embedded_services() -> EmbeddedServices:
    """Return this process's hold on the servers: acquired now, released when the process ends."""
    if sys.platform == "win32":
        raise EmbeddedServerError(
            "The embedded servers do not run on Windows.",
            hint=f"Use WSL, or start `docker compose up` and set {' and '.join(SERVERS.names())}.",
        )
    services = EmbeddedServices(DATA)
    services.acquire()
    atexit.register(services.release)
    return services


def provide_url(variable: str) -> str:
    """Return the URL of the server behind a variable, and set the variable for child processes."""
    url = embedded_services().servers[variable].url()
    os.environ[variable] = url
    return url


def forget_urls() -> None:
    """Take back what was set for child processes: the servers are started anew."""
    for variable in SERVERS.names():
        os.environ.pop(variable, None)
