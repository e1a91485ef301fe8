from app.core.registry import Feature

feature = Feature(
    name="agents",
    stage="design",
    summary="A model that may use tools, in a loop, within limits.",
    requires=("llm",),
    extends={
        "core.settings": ["app.agents.settings:AgentsSettings"],
        "core.preflight": ["app.agents.make:framework"],
    },
)
