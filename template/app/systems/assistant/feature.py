from app.core.registry import Feature

feature = Feature(
    name="systems.assistant",
    stage="design",
    summary="A personal assistant with memory and tools.",
    requires=("agents", "graphs", "llm"),
    extends={
        "workflows.workflows": {"assistant": "app.systems.assistant.workflow:assistant"},
        "openai.models": {"assistant": "app.systems.assistant.chat:answer"},
    },
)
