from app.core.registry import Feature

feature = Feature(
    name="mcp.tools",
    stage="backend",
    summary="Tools of the MCP servers in mcp.json, for our agents.",
    extends={
        "core.preflight": ["app.mcp.tools.configuration:load_servers"],
        "core.commands": ["app.mcp.tools.cli:cli"],
        "core.probes": {"mcp servers": "app.mcp.tools.remote:probe_servers"},
        "agents.toolsets": ["app.mcp.tools.remote:open_remote_tools"],
    },
)
