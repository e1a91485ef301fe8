from app.core.registry import Feature

feature = Feature(
    name="feedback",
    stage="monitoring",
    summary="What people say of runs and answers: helpful or not, and why.",
    requires=("api", "conversations", "db", "runs"),
    extends={
        "api.routes": ["app.feedback.endpoints:router"],
        "core.commands": ["app.feedback.cli:cli"],
    },
)
