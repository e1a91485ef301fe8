"""`/mcp`: streamable HTTP, for callers with one of our keys or tokens."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import APIRouter
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import HTTPConnection
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.api import ApiSettings, identify
from app.api.errors import NotAllowed
from app.core.errors import ServiceUnavailable
from app.mcp.server.handlers import build_server


class McpEndpoint:
    """Lets in who has a key; the official SDK does the rest. Scopes are checked for each tool and prompt."""

    def __init__(self) -> None:
        self.sessions: StreamableHTTPSessionManager | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        connection = HTTPConnection(scope)
        _check_origin(connection)
        scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
        connection.state.caller = await identify(
            connection, secret.strip() if scheme.lower() == "bearer" else None
        )
        if self.sessions is None:
            raise ServiceUnavailable("The MCP server is not running.")
        await self.sessions.asgi_app(scope, receive, send)


def _check_origin(connection: HTTPConnection) -> None:
    """Refuse web pages that the settings do not allow, as the specification of MCP demands."""
    origin = connection.headers.get("origin")
    allowed = ApiSettings.load().cors_origins
    if origin and origin not in allowed and "*" not in allowed:
        raise NotAllowed("This web page may not call the API; API_CORS_ORIGINS has those that may.")


logging.getLogger("mcp").setLevel(logging.WARNING)  # it reports each start and stop
endpoint = McpEndpoint()
# with and without a slash: not every client follows a redirect of a POST
router = APIRouter(
    routes=[Route(path, endpoint=endpoint, methods=["GET", "POST", "DELETE"]) for path in ("/mcp", "/mcp/")]
)


@asynccontextmanager
async def lifespan() -> AsyncGenerator[None, None]:
    """Serve MCP while the API runs. No session is kept, so any process can answer any request."""
    endpoint.sessions = StreamableHTTPSessionManager(build_server(), stateless=True)
    try:
        async with endpoint.sessions.run():
            yield
    finally:
        endpoint.sessions = None
