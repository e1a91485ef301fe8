from app.core.registry import Feature

feature = Feature(
    name="conversations",
    stage="backend",
    summary="Conversations that are kept, each with its messages, for the caller that began it.",
    requires=("api", "db", "llm", "worker"),
    extends={
        "core.settings": ["app.conversations.settings:ConversationSettings"],
        "api.routes": ["app.conversations.endpoints:router"],
        "db.former_names": {"conversations": "app.conversations.models:FORMER_NAME"},
        "worker.schedules": {"conversations.prune": "app.conversations.retention:PRUNE"},
    },
)
