"""Run several processes in one terminal: prefixed output, restart on a change of the code, one way out."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import typer

from app.core.paths import APP, ROOT

_COLORS = ("cyan", "magenta", "yellow", "blue", "green")
_GRACE_SECONDS = 8.0
_RESTARTS = 3
_RESTART_SECONDS = 60.0
"""A part that ends by itself more than `_RESTARTS` times in this time waits for a change of the code."""
_LONGEST_LINE = 1_000_000
_POLL_SECONDS = 0.05
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Part:
    """One of the processes."""

    name: str
    command: Sequence[str]
    color: str
    process: asyncio.subprocess.Process | None = None
    watcher: asyncio.Task[None] | None = None
    restarts: deque[float] = field(default_factory=lambda: deque(maxlen=_RESTARTS))
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Supervisor:
    """Starts the parts, shows what they print, and ends with all of them stopped."""

    def __init__(self, commands: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> None:
        self._parts = [
            Part(name, command, _COLORS[i % len(_COLORS)])
            for i, (name, command) in enumerate(commands.items())
        ]
        self._environment = {**os.environ, **environment, "PYTHONUNBUFFERED": "1"}
        self._width = max(len(part.name) for part in self._parts)
        self._stop = asyncio.Event()
        self.wants_restart = False
        """Whether it has ended to be started anew, not because of a signal."""

    async def run(self, *background: asyncio.Task[None]) -> None:
        """Run until a signal comes or `restart` is called, then stop everything."""
        with _signals(self._interrupt):
            tasks = {*background, asyncio.create_task(self._restart_on_change())}
            try:
                for part in self._parts:
                    await self._start(part)
                await self._stop.wait()
            finally:
                for task in tasks:
                    task.cancel()
                self.say("dev", "Stopping …")
                await asyncio.gather(*(self._end(part) for part in self._parts))
                await asyncio.gather(*tasks, return_exceptions=True)

    def say(self, name: str, line: str, color: str = "white") -> None:
        """Print a line with the name of who says it."""
        prefix = typer.style(f"{name:>{self._width}} │ ", fg=color)
        typer.echo(f"{prefix}{line}")

    def restart(self, reason: str) -> None:
        """End, to be started anew: what is outside the code has changed."""
        self.say("dev", f"{reason} Starting again.")
        self.wants_restart = True
        self._stop.set()

    def _interrupt(self) -> None:
        self.wants_restart = False
        if self._stop.is_set():  # the second Ctrl-C: do not wait any longer
            for part in self._parts:
                _kill_group(part.process, signal.SIGKILL)
        self._stop.set()

    async def _start(self, part: Part) -> None:
        part.process = await asyncio.create_subprocess_exec(
            *part.command,
            cwd=ROOT,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LONGEST_LINE,
            start_new_session=True,  # Ctrl-C reaches us alone, and we stop the parts in order
        )
        part.watcher = asyncio.create_task(self._watch(part, part.process))
        for task in (part.watcher, asyncio.create_task(self._show(part, part.process))):
            part.tasks.add(task)
            task.add_done_callback(part.tasks.discard)

    async def _show(self, part: Part, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than the limit: the reader has dropped it
                line = b"(a line of more than a million characters)"
            if not line:
                return
            self.say(part.name, line.decode(errors="replace").rstrip(), part.color)

    async def _watch(self, part: Part, process: asyncio.subprocess.Process) -> None:
        """Say so when a part ends by itself, and start it again, but not forever."""
        code = await _exit_code(process)
        _kill_group(process, signal.SIGKILL)  # nothing that it has started may outlive it
        if self._stop.is_set():
            return
        reason = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        now = time.monotonic()
        if len(part.restarts) == _RESTARTS and now - part.restarts[0] < _RESTART_SECONDS:
            advice = "the lines above say why. It starts again when you change the code."
            self.say(part.name, f"keeps crashing ({reason}): {advice}", "red")
            return
        part.restarts.append(now)
        self.say(part.name, f"ended unexpectedly ({reason}): starting it again.", "red")
        await self._start(part)

    async def _end(self, part: Part) -> None:
        """Ask a part to stop; after a while, make it. All that it has started ends too."""
        if part.watcher:
            part.watcher.cancel()
        if part.process is None:
            return
        if part.process.returncode is None:
            _kill_group(part.process, signal.SIGTERM)
        try:
            async with asyncio.timeout(_GRACE_SECONDS):
                await _exit_code(part.process)
        except TimeoutError:
            self.say(part.name, f"did not stop within {_GRACE_SECONDS:g} s: killed.", "red")
        _kill_group(part.process, signal.SIGKILL)
        await _exit_code(part.process)

    async def _restart_on_change(self) -> None:
        from watchfiles import PythonFilter, awatch

        async for changes in awatch(APP, watch_filter=PythonFilter(extra_extensions=(".md",))):
            names = sorted({path.removeprefix(f"{ROOT}{os.sep}") for _, path in changes})
            self.say("dev", f"{', '.join(names[:3])} changed, restarting.")
            await asyncio.gather(*(self._end(part) for part in self._parts))
            for part in self._parts:
                part.restarts.clear()
                await self._start(part)


@contextmanager
def _signals(handler: Callable[[], None]) -> Generator[None]:
    """Handle the signals that end us; afterwards they do again what they did, so that none gets lost."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, previous)


async def _exit_code(process: asyncio.subprocess.Process) -> int:
    """Return the exit code once the process has ended.

    Not `process.wait()`: that also waits until nobody holds the other end of the process's pipes, and what a
    killed process has started may hold them forever.
    """
    while process.returncode is None:  # noqa: ASYNC110 - the system sets it
        await asyncio.sleep(_POLL_SECONDS)
    return process.returncode


def _kill_group(process: asyncio.subprocess.Process | None, number: signal.Signals) -> None:
    """Send a signal to a process and all that it has started."""
    if process:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def python(*arguments: str) -> list[str]:
    """Return the command line of an `app` command in this environment."""
    return [sys.executable, "-m", "app.dev.child", *arguments]
