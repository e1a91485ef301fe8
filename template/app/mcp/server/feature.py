from app.core.registry import Feature

feature = Feature(
    name="mcp.server",
    stage="backend",
    summary="Workflows as tools, and prompts, for MCP clients.",
    requires=("api", "llm", "runs", "workflows"),
    extends={
        "core.lifespans": ["app.mcp.server.endpoints:lifespan"],
        "api.routes": ["app.mcp.server.endpoints:router"],
    },
)
