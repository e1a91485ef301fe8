"""Servers that the processes of a parallel run (pytest-xdist) share."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest


class EmbeddedServer(Protocol):
    """A server from `app/embedded`."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def url(self) -> str: ...


def share_server(config: pytest.Config, variable: str, make: Callable[[Path], EmbeddedServer]) -> None:
    """Start a server whose URL all processes find in an environment variable, unless that is set already.

    It ends with the run. Called in the process that starts the others, before it does.
    """
    if variable in os.environ:
        return
    folder = Path(tempfile.mkdtemp(prefix="server-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    server = make(folder)
    server.start()
    config.add_cleanup(server.stop)
    os.environ[variable] = server.url()
