"""The embedded services, shared by all commands of one project.

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

from app.core.paths import ROOT
from app.dev.errors import DevError
from app.dev.postgres import EmbeddedPostgres
from app.dev.programs import is_alive
from app.dev.valkey import EmbeddedValkey

DATA = ROOT / ".data"


class EmbeddedServices:
    """PostgreSQL and Valkey, with their data below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self.valkey = EmbeddedValkey(folder / "valkey")
        self._use: IO[str] | None = None
        self._pids: dict[str, int] = {}
        """The servers' processes, as they were last seen: also when their files are gone."""

    def acquire(self) -> None:
        """Start what does not run, and keep it running until `release`."""
        if self._use:
            return
        with self._exclusive():
            for service in (self.postgres, self.valkey):
                if not service.is_running():
                    service.start()
            self._use = self._lock_file("users")
            lock(self._use, shared=True)
            self._remember()

    def release(self) -> None:
        """Stop the services, unless another process uses them."""
        if not self._use:
            return
        with self._exclusive():
            self._use.close()
            self._use = None
            with self._lock_file("users") as others:
                if lock(others, wait=False):
                    self.valkey.stop()
                    self.postgres.stop()

    def revive(self) -> list[str]:
        """Start again, where it was, what has died. Returns the names. Raises `DevError`.

        A server that is alive and does not answer is left alone: the machine may be slow, or was asleep.
        """
        revived = []
        with self._exclusive():
            for service, url in ((self.postgres, "DATABASE_URL"), (self.valkey, "BROKER_URL")):
                name = _name(service)
                if not is_alive(self._pids.get(name, service.pid() or 0)):
                    service.start(_port_of(os.environ[url]))
                    revived.append(name)
            self._remember()
        return revived

    def are_gone(self) -> bool:
        """Whether somebody has deleted the servers' files while they run."""
        return not (self.postgres.data / "PG_VERSION").exists() or not self.valkey.folder.exists()

    def abandon(self) -> None:
        """Kill servers whose files are gone: they cannot stop by themselves, since they cannot save."""
        for pid in self._pids.values():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if self._use:
            self._use.close()
            self._use = None

    def _remember(self) -> None:
        services = (self.postgres, self.valkey)
        self._pids = {_name(s): pid for s in services if (pid := s.pid()) is not None}

    @contextmanager
    def _exclusive(self) -> Generator[None]:
        """Keep two processes from starting or stopping the services at the same time."""
        with self._lock_file("lock") as file:
            lock(file)
            yield

    def _lock_file(self, name: str) -> IO[str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        return (self.folder / f"services.{name}").open("w", encoding="utf-8")


def _name(service: EmbeddedPostgres | EmbeddedValkey) -> str:
    return type(service).__name__.removeprefix("Embedded")


def _port_of(url: str) -> int:
    from urllib.parse import urlsplit

    return urlsplit(url).port or 0


def lock(file: IO[str], *, shared: bool = False, wait: bool = True) -> bool:
    """Lock a file; without `wait`, return whether it could be had at once."""
    import fcntl  # not there on Windows, where `find_program` has said so before

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@cache
def embedded_services() -> EmbeddedServices:
    """Return this process's hold on the services: acquired now, released when the process ends."""
    if sys.platform == "win32":
        raise DevError(
            "The embedded services do not run on Windows.",
            hint="Use WSL, or start `docker compose up` and set DATABASE_URL and BROKER_URL.",
        )
    services = EmbeddedServices(DATA)
    services.acquire()
    atexit.register(services.release)
    return services


def provide_database_url() -> str:
    """Return the URL of the embedded PostgreSQL."""
    url = embedded_services().postgres.url()
    os.environ["DATABASE_URL"] = url  # for child processes
    return url


def forget_urls() -> None:
    """Take back what was set for child processes: the servers are started anew."""
    for name in ("DATABASE_URL", "BROKER_URL"):
        os.environ.pop(name, None)


def provide_broker_url() -> str:
    """Return the URL of the embedded Valkey."""
    url = embedded_services().valkey.url()
    os.environ["BROKER_URL"] = url
    return url
