"""Have a file parsed in a process of its own, with bounded memory and time."""

import asyncio
import atexit
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent
_CAN_FORK = hasattr(os, "fork") and hasattr(socket, "send_fds")


async def run_child(content: bytes, suffix: str, pages: int, characters: int, seconds: float) -> bytes:
    """Return what the process answers; nothing if a limit has ended it. Raises `TimeoutError`."""
    arguments = [suffix, str(pages), str(characters), str(int(seconds) + 1)]
    async with asyncio.timeout(seconds):
        return await (_forked(content, arguments) if _CAN_FORK else _started(content, arguments))


async def _forked(content: bytes, arguments: list[str]) -> bytes:
    ours, theirs = socket.socketpair()
    with theirs:
        _hand_over(theirs)
    reader, writer = await asyncio.open_connection(sock=ours)
    try:
        writer.write(f"{' '.join(arguments)}\n".encode() + content)
        writer.write_eof()
        return await reader.read()
    except ConnectionError:  # it has ended before it had read all
        return b""
    finally:
        writer.close()


async def _started(content: bytes, arguments: list[str]) -> bytes:
    """Start Python for this file alone, where processes cannot be forked."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(_FOLDER / "child.py"),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        printed, _ = await process.communicate(content)
        return printed
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@dataclass(frozen=True)
class _Server:
    """The process that forks the others. It belongs to the process that has started it."""

    owner: int
    process: "subprocess.Popen[bytes]"
    control: socket.socket


_servers: list[_Server] = []
"""That of this process, once there is one."""


def _hand_over(connection: socket.socket) -> None:
    """Let the server fork for a connection. One that has died is replaced."""
    for _ in range(2):
        try:
            socket.send_fds(_server().control, [b"x"], [connection.fileno()])
        except OSError:
            _stop()
        else:
            return
    raise ConnectionError("the process that parses files does not start")


def _server() -> _Server:
    if not _servers or _servers[0].owner != os.getpid():
        _servers[:] = [_start()]
    return _servers[0]


def _start() -> _Server:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-I", str(_FOLDER / "server.py")],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},
            start_new_session=True,  # Ctrl-C is for us: it ends when the socket is closed
        )
    return _Server(os.getpid(), process, ours)


@atexit.register
def _stop() -> None:
    while _servers:
        server = _servers.pop()
        server.control.close()
        if server.owner == os.getpid():
            server.process.wait()
