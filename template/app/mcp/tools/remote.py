"""The tools of other MCP servers, for our agents. What they answer is data, whatever it asks for."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import mcp
import structlog
from mcp import MCPError
from mcp.types import (
    AudioContent,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from app.mcp.tools.configuration import ServerSettings, load_servers
from app.mcp.tools.connections import CALL_SECONDS, connection, unavailable
from app.mcp.tools.errors import McpServerUnavailable

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RemoteTool:
    """A tool of another server."""

    server: str
    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of the arguments."""
    _settings: ServerSettings
    seconds: float = CALL_SECONDS
    """How long a call may take."""
    is_irreversible: bool = False
    """Whether its server marks it as destructive (`destructiveHint`)."""

    async def call(self, arguments: Mapping[str, Any]) -> str:
        """Call the tool and return its text. Raises `McpServerUnavailable`.

        An error that the tool reports is returned as text too: the model can try otherwise.
        """
        used = connection(self.server, self._settings)
        try:
            async with used as client:
                result = await client.call_tool(self.name, dict(arguments), read_timeout_seconds=CALL_SECONDS)
        except McpServerUnavailable:
            raise
        except MCPError as error:
            raise unavailable(self.server, error) from error
        except Exception as error:  # whatever the transport raises: it is not to be trusted any more
            used.close()
            raise unavailable(self.server, error) from error
        text = _text_of(result)
        return f"The tool failed: {text}" if result.is_error else text


def _text_of(result: CallToolResult) -> str:
    """Return what a tool has answered as text. What a model could not read is named, not dropped."""
    parts = [_describe(item) for item in result.content]
    if not parts and result.structured_content is not None:
        parts = [json.dumps(result.structured_content, ensure_ascii=False)]
    return "\n".join(parts)


def _describe(item: object) -> str:
    if isinstance(item, TextContent):
        return item.text
    if isinstance(item, EmbeddedResource) and isinstance(item.resource, TextResourceContents):
        return f"[{item.resource.uri}]\n{item.resource.text}"
    if isinstance(item, EmbeddedResource):
        return f"[{item.resource.uri}, {item.resource.mime_type or 'binary'}: not shown]"
    if isinstance(item, ResourceLink):
        return f"[link to {item.uri}: {item.description or item.name}]"
    if isinstance(item, ImageContent | AudioContent):
        return f"[{item.mime_type}: not shown]"
    return f"[{type(item).__name__}: not shown]"


async def find_tools() -> tuple[list[RemoteTool], list[McpServerUnavailable]]:
    """Return the tools of all servers of `mcp.json`, and which of the servers do not answer."""
    servers = load_servers()
    found = await asyncio.gather(*(_tools(*server) for server in servers.items()), return_exceptions=True)
    tools: list[RemoteTool] = []
    failures: list[McpServerUnavailable] = []
    for outcome in found:
        if isinstance(outcome, McpServerUnavailable):
            failures.append(outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            tools += outcome
    return tools, failures


@asynccontextmanager
async def open_remote_tools() -> AsyncGenerator[Sequence[RemoteTool], None]:
    """Give the tools of every server of `mcp.json`. One that does not answer takes only its own."""
    tools, failures = await find_tools()
    for failure in failures:
        log.warning("mcp.server_unavailable", error=failure.detail)
    yield tools


async def _tools(server: str, settings: ServerSettings) -> list[RemoteTool]:
    """Return the tools of a server. A kept connection that has died meanwhile is opened anew."""
    for attempt in (1, 2):
        used = connection(server, settings)
        try:
            async with used as client:
                return [
                    RemoteTool(
                        server,
                        tool.name,
                        tool.description or "",
                        tool.input_schema,
                        settings,
                        is_irreversible=bool(tool.annotations and tool.annotations.destructive_hint),
                    )
                    for tool in await _listed(client)
                ]
        except McpServerUnavailable:
            raise
        except Exception as error:  # whatever the transport raises
            used.close()
            if attempt == 2:
                raise unavailable(server, error) from error
    raise AssertionError("the second attempt returns or raises")


async def _listed(client: mcp.Client) -> list[mcp.types.Tool]:
    """Return the tools of all pages, as they are now: servers may change them."""
    tools: list[mcp.types.Tool] = []
    cursor: str | None = None
    while True:
        async with asyncio.timeout(CALL_SECONDS):
            page = await client.list_tools(cursor=cursor, cache_mode="bypass")
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            return tools


async def probe_servers() -> str:
    """Connect to every server, for `app doctor --call`. Raises `McpServerUnavailable` that names those that
    do not answer."""
    tools, failures = await find_tools()
    if failures:
        details = " ".join(failure.detail for failure in failures)
        raise McpServerUnavailable(f"{len(tools)} tools; but: {details}", hint=failures[0].hint)
    return f"{len(tools)} tools of {len(load_servers())} servers"
