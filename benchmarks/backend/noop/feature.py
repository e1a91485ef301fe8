from app.core.registry import Feature

feature = Feature(
    name="noop",
    stage="own",
    summary="A workflow that does nothing.",
    requires=("workflows",),
    extends={"workflows.workflows": {"noop": "app.noop.workflows:noop"}},
)
