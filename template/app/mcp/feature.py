from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="mcp",
    stage="backend",
    summary="Workflows as tools and prompts for MCP clients; tools of the MCP servers in mcp.json for us.",
    requires=("api", "llm", "runs"),
    preflight=(Lazy("app.mcp.configuration:load_servers"),),
    cli=Lazy("app.mcp.cli:cli"),
    router=Lazy("app.mcp.endpoints:router"),
    lifespan=Lazy("app.mcp.endpoints:lifespan"),
    agent_tools=(Lazy("app.mcp.remote:open_remote_tools"),),
    probes={"mcp servers": Lazy("app.mcp.remote:probe_servers")},
)
