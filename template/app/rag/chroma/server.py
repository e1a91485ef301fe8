"""The embedded Chroma: a real server from a Python package."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2

from app.core.ports import free_port
from app.embedded import is_alive, provide_url, read_number
from app.embedded.errors import EmbeddedServerError

_SECONDS = 30.0


class EmbeddedChroma:
    """A server whose data is in `folder`. It listens on 127.0.0.1 alone; it knows no password."""

    name = "Chroma"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "log"
        self._process = folder / "process"
        """Its process, and its port in the second line."""

    def url(self) -> str:
        """Return the URL of the running server."""
        return f"http://127.0.0.1:{read_number(self._process, line=1)}"

    def is_running(self) -> bool:
        """Whether the server of this folder answers."""
        if self.pid() is None:
            return False
        try:
            return bool(httpx2.get(f"{self.url()}/api/v2/heartbeat", timeout=2).is_success)
        except (httpx2.HTTPError, OSError):
            return False

    def is_intact(self) -> bool:
        """Whether its files are there."""
        return self.folder.exists()

    def pid(self) -> int | None:
        """Return the process of the server."""
        return read_number(self._process, line=0)

    def start(self, port: int | None = None) -> None:
        """Start the server. Raises `EmbeddedServerError`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        port = port or free_port()
        command = [
            str(_program()),
            *("run", "--path", str(self.folder / "data"), "--host", "127.0.0.1", "--port", str(port)),
        ]
        done = subprocess.run(
            ["/bin/sh", "-c", '"$@" >>"$0" 2>&1 & echo $!', str(self._log), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
            start_new_session=True,  # Ctrl-C is for us: a server is stopped, not interrupted
        )
        pid = int(done.stdout)
        self._process.write_text(f"{pid}\n{port}\n", encoding="utf-8")
        if not self._wait_until(running=True):
            raise EmbeddedServerError("The embedded Chroma does not start.", hint=f"See {self._log}.")

    def stop(self) -> None:
        """Stop the server."""
        if (pid := self.pid()) is None or not self.is_running():
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        self._wait_until(running=False)
        self._process.unlink(missing_ok=True)

    def _wait_until(self, *, running: bool) -> bool:
        deadline = time.monotonic() + _SECONDS
        while self.is_running() is not running:
            if time.monotonic() > deadline or (running and not is_alive(self.pid() or 0)):
                return False
            time.sleep(0.05)
        return True


def provide_chroma_url() -> str:
    """Return the URL of the embedded Chroma."""
    return provide_url("CHROMA_URL")


def _program() -> Path:
    beside = Path(sys.executable).parent / "chroma"
    found = beside if beside.exists() else shutil.which("chroma")
    if found is None:
        raise EmbeddedServerError(
            "The program chroma is not installed.", hint="Run `uv sync`; or set CHROMA_URL to a server."
        )
    return Path(found)
