from app.core.registry import Feature

feature = Feature(
    name="summaries",
    stage="backend",
    summary="A first, small workflow: summarise a text.",
    requires=("llm", "workflows"),
    extends={"workflows.workflows": {"echo_summary": "app.summaries.workflows:echo_summary"}},
)
