"""Fork a process for each file, run by `children.py`: much faster than starting Python for each.

    python server.py < SOCKET

For every connection that comes through the socket it forks; the new process reads a line (suffix, pages,
characters, seconds) and the file, and answers as `child.py` does. It ends when the socket is closed.
"""

import os
import select
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))  # last: no file of the project hides a library

from app.parsing.child import answer

_IDLE_SECONDS = 0.2
_LIBRARIES = ["bs4", "markdownify", "charset_normalizer", "pypdf", "mammoth", "python_calamine"]
"""Imported one by one while nothing is to be done: a process that is forked then has them."""


def serve(control: socket.socket) -> None:
    """Fork for each connection."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system clears away those that have ended
    libraries = list(_LIBRARIES)
    while True:
        if libraries and not select.select([control], [], [], _IDLE_SECONDS)[0]:
            import_module(libraries.pop(0))
            continue
        message, descriptors, *_ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        if os.fork() == 0:
            control.close()  # whoever takes this process over gets no other file
            _handle(socket.socket(fileno=descriptors[0]))
            os._exit(0)
        os.close(descriptors[0])


def _handle(connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as received:
        suffix, *numbers = received.readline().decode().rstrip("\n").split(" ")
        connection.sendall(answer(received.read(), suffix, *map(int, numbers)))


if __name__ == "__main__":
    serve(socket.socket(fileno=0))
