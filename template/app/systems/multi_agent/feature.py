from app.core.registry import Feature

feature = Feature(
    name="systems.multi_agent",
    stage="design",
    summary="A research team of agents with one budget; every claim is held against its source.",
    requires=("agents", "graphs", "llm"),
    extends={
        "core.settings": ["app.systems.multi_agent.settings:ResearchSettings"],
        "workflows.workflows": {"multi_agent": "app.systems.multi_agent.workflow:multi_agent"},
        "openai.models": {"multi_agent": "app.systems.multi_agent.chat:answer"},
    },
)
