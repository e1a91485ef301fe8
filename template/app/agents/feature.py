from app.core.registry import Feature

feature = Feature(
    name="agents",
    stage="design",
    summary="A model that may use tools, in a loop, within limits.",
    requires=("llm",),
)
