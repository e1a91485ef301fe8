"""The tools of MCP servers, for our agents. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.mcp.tools.remote import RemoteTool, open_remote_tools

__all__ = ["RemoteTool", "open_remote_tools"]

__getattr__ = lazy_exports(__name__, remote=("RemoteTool", "open_remote_tools"))
