from app.core.registry import Feature

feature = Feature(
    name="graphs",
    stage="design",
    summary="Workflows as typed graphs of nodes: code, models, routers, loops; drawn from the code.",
    requires=("agents", "llm", "workflows"),
    extends={
        "core.commands": ["app.graphs.cli:cli"],
    },
)
