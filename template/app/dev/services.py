"""The embedded services, shared by all commands of one project.

Whoever needs them first starts them, whoever leaves last stops them. Each process that uses them holds a
shared lock on a file; the system drops it however the process ends. What a killed process has left running,
the next command uses, and stops.
"""

import atexit
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO

from app.core.paths import ROOT
from app.dev.errors import DevError
from app.dev.postgres import EmbeddedPostgres
from app.dev.valkey import EmbeddedValkey

DATA = ROOT / ".data"


class EmbeddedServices:
    """PostgreSQL and Valkey, with their data below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self.valkey = EmbeddedValkey(folder / "valkey")
        self._use: IO[str] | None = None

    def acquire(self) -> None:
        """Start what does not run, and keep it running until `release`."""
        if self._use:
            return
        with self._exclusive():
            for service in (self.postgres, self.valkey):
                if not service.is_running():
                    service.start()
            self._use = self._lock_file("users")
            _lock(self._use, shared=True)

    def release(self) -> None:
        """Stop the services, unless another process uses them."""
        if not self._use:
            return
        with self._exclusive():
            self._use.close()
            self._use = None
            with self._lock_file("users") as others:
                if _lock(others, wait=False):
                    self.valkey.stop()
                    self.postgres.stop()

    def revive(self) -> list[str]:
        """Start again, where it was, what has died. Returns the names."""
        revived = []
        with self._exclusive():
            for service, url in ((self.postgres, "DATABASE_URL"), (self.valkey, "BROKER_URL")):
                if not service.is_running():
                    service.start(_port_of(os.environ[url]))
                    revived.append(type(service).__name__.removeprefix("Embedded"))
        return revived

    @contextmanager
    def _exclusive(self) -> Generator[None]:
        """Keep two processes from starting or stopping the services at the same time."""
        with self._lock_file("lock") as file:
            _lock(file)
            yield

    def _lock_file(self, name: str) -> IO[str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        return (self.folder / f"services.{name}").open("w", encoding="utf-8")


def _port_of(url: str) -> int:
    from urllib.parse import urlsplit

    return urlsplit(url).port or 0


def _lock(file: IO[str], *, shared: bool = False, wait: bool = True) -> bool:
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
    """Return this process's hold on the services: taken now, given back when the process ends."""
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


def provide_broker_url() -> str:
    """Return the URL of the embedded Valkey."""
    url = embedded_services().valkey.url()
    os.environ["BROKER_URL"] = url
    return url
