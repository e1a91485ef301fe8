from app.core.registry import Feature

feature = Feature(
    name="mcp",
    stage="backend",
    summary="Workflows as tools and prompts for MCP clients; tools of the MCP servers in mcp.json for us.",
    requires=("api", "llm", "runs", "workflows"),
    extends={
        "core.preflight": ["app.mcp.configuration:load_servers"],
        "core.commands": ["app.mcp.cli:cli"],
        "core.lifespans": ["app.mcp.endpoints:lifespan"],
        "core.probes": {"mcp servers": "app.mcp.remote:probe_servers"},
        "api.routes": ["app.mcp.endpoints:router"],
        "agents.toolsets": ["app.mcp.remote:open_remote_tools"],
    },
)
