from app.core.registry import Feature

feature = Feature(
    name="workflows",
    stage="foundations",
    summary="What a workflow is, and the commands that list, run and draw one.",
    extends={
        "core.commands": ["app.workflows.cli:cli"],
    },
)
