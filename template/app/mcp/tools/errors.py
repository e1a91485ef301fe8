"""Errors of the Model Context Protocol."""

from app.core.errors import ServiceUnavailable


class McpServerUnavailable(ServiceUnavailable):
    """A server of `mcp.json` does not answer."""

    title = "MCP server unavailable"
