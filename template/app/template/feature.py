from app.core.registry import Feature

feature = Feature(
    name="template",
    stage="foundations",
    summary="Updates from the template this project comes from, and what became of your edits.",
    extends={
        "core.commands": ["app.template.cli:cli"],
    },
)
