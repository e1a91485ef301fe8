from app.core.registry import Feature

feature = Feature(
    name="systems.content_generation",
    stage="design",
    summary="From a brief to an article, with a critic; code checks length and style.",
    requires=("graphs", "llm"),
    extends={
        "workflows.workflows": {
            "content_generation": "app.systems.content_generation.workflow:content_generation",
        },
        "openai.models": {"content_generation": "app.systems.content_generation.chat:answer"},
    },
)
