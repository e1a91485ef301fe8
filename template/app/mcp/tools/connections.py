"""Connections to the servers of `mcp.json`: each belongs to a task of its own, and is kept for the next use.

To start a server or to connect to it takes longer than most calls, and its context must be left by the task
that has entered it. Calls come from any task; a connection that breaks is opened anew by the next one.
"""

import asyncio
from contextlib import AsyncExitStack
from weakref import WeakKeyDictionary

import mcp
from httpx2 import AsyncClient
from mcp import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from app.mcp.tools.configuration import ServerSettings
from app.mcp.tools.errors import McpServerUnavailable

CALL_SECONDS = 120.0
"""How long one call may take."""
_CONNECT_SECONDS = 20.0
_IDLE_SECONDS = 300.0
"""Unused for that long, a connection is closed."""


class Connection:
    """One server, reached or started."""

    def __init__(self, server: str, settings: ServerSettings) -> None:
        self.settings = settings
        self._server = server
        self._closing = asyncio.Event()
        self._ready: asyncio.Future[mcp.Client] = asyncio.get_running_loop().create_future()
        self._uses = 0
        self._timer: asyncio.TimerHandle | None = None
        self._task = asyncio.create_task(self._hold())
        self._task.add_done_callback(self._ended)

    @property
    def is_closed(self) -> bool:
        """Whether a new one is needed."""
        return self._closing.is_set() or self._task.done()

    def close(self) -> None:
        """Let the task leave the connection."""
        self._closing.set()

    async def __aenter__(self) -> mcp.Client:
        """Use it. Raises `McpServerUnavailable`."""
        self._uses += 1
        if self._timer:
            self._timer.cancel()
        try:
            return await asyncio.shield(self._ready)
        except BaseException:
            self._uses -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        """Keep it for a while."""
        self._uses -= 1
        if not self._uses:
            self._timer = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self.close)

    async def _hold(self) -> None:
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(_CONNECT_SECONDS):
                client = await stack.enter_async_context(await _client(stack, self.settings))
            self._ready.set_result(client)
            await self._closing.wait()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._ready.cancel()
            return
        error = task.exception()  # of a connection that was ready, it is of no interest any more
        if isinstance(error, Exception) and not self._ready.done():
            self._ready.set_exception(unavailable(self._server, error))
            self._ready.exception()  # seen, also if nobody waits for it


_connections: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Connection]] = WeakKeyDictionary()
"""By event loop, since a connection lives in one; at its end `asyncio.run` ends their tasks too."""


def connection(server: str, settings: ServerSettings) -> Connection:
    """Return the connection to a server, to be used with `async with`; a new one if need be."""
    known = _connections.setdefault(asyncio.get_running_loop(), {})
    found = known.get(server)
    if found is None or found.is_closed or found.settings != settings:
        if found:
            found.close()
        found = known[server] = Connection(server, settings)
    return found


async def _client(stack: AsyncExitStack, settings: ServerSettings) -> mcp.Client:
    if settings.command:
        return mcp.Client(
            StdioServerParameters(command=settings.command, args=settings.args, env=settings.env)
        )
    assert settings.url
    http = await stack.enter_async_context(AsyncClient(headers=settings.headers, timeout=CALL_SECONDS))
    return mcp.Client(streamable_http_client(settings.url, http_client=http))


def unavailable(server: str, error: Exception) -> McpServerUnavailable:
    """Return the error of a server that does not answer."""
    reason = error
    while isinstance(reason, ExceptionGroup):
        reason = reason.exceptions[0]
    return McpServerUnavailable(
        f"The MCP server {server!r} does not answer: {type(reason).__name__} {reason}".rstrip(" .") + ".",
        hint="Check mcp.json.",
    )
