"""The tools of other MCP servers, for our agents. What they answer is data, whatever it asks for."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import mcp
from httpx2 import AsyncClient
from mcp import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from app.core.errors import AppError
from app.mcp.configuration import ServerSettings, load_servers
from app.mcp.errors import McpServerUnavailable

_CONNECT_SECONDS = 20.0
_CALL_SECONDS = 120.0


@dataclass(frozen=True)
class RemoteTool:
    """A tool of another server."""

    server: str
    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of the arguments."""
    _client: mcp.Client

    async def call(self, arguments: Mapping[str, Any]) -> str:
        """Call the tool and return its text. Raises `McpServerUnavailable`.

        An error that the tool reports is returned as text too: the model can try otherwise.
        """
        try:
            result = await self._client.call_tool(
                self.name, dict(arguments), read_timeout_seconds=_CALL_SECONDS
            )
        except Exception as error:  # whatever the transport raises
            raise _unavailable(self.server, error) from error
        text = "\n".join(item.text for item in result.content if isinstance(item, TextContent))
        return f"The tool failed: {text}" if result.is_error else text


@asynccontextmanager
async def open_remote_tools() -> AsyncGenerator[list[RemoteTool], None]:
    """Connect to every server of `mcp.json` and give their tools. Raises `McpServerUnavailable`."""
    async with AsyncExitStack() as stack:
        tools: list[RemoteTool] = []
        for name, settings in load_servers().items():
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    tools += await _tools(stack, name, settings)
            except AppError:
                raise
            except Exception as error:  # whatever the transport raises
                raise _unavailable(name, error) from error
        yield tools


async def _tools(stack: AsyncExitStack, server: str, settings: ServerSettings) -> list[RemoteTool]:
    client = await stack.enter_async_context(await _client(stack, settings))
    return [
        RemoteTool(server, tool.name, tool.description or "", tool.input_schema, client)
        for tool in (await client.list_tools()).tools
    ]


async def _client(stack: AsyncExitStack, settings: ServerSettings) -> mcp.Client:
    if settings.command:
        return mcp.Client(
            StdioServerParameters(command=settings.command, args=settings.args, env=settings.env)
        )
    assert settings.url
    http = await stack.enter_async_context(AsyncClient(headers=settings.headers, timeout=_CALL_SECONDS))
    return mcp.Client(streamable_http_client(settings.url, http_client=http))


def _unavailable(server: str, error: Exception) -> McpServerUnavailable:
    reason = error
    while isinstance(reason, ExceptionGroup):
        reason = reason.exceptions[0]
    return McpServerUnavailable(
        f"The MCP server {server!r} does not answer: {type(reason).__name__} {reason}".rstrip(" .") + ".",
        hint="Check mcp.json.",
    )


async def probe_servers() -> str:
    """Connect to every server, for `app doctor --call`."""
    async with open_remote_tools() as tools:
        return f"{len(tools)} tools of {len(load_servers())} servers"
