from app.core.registry import Feature

feature = Feature(
    name="chat",
    stage="backend",
    summary="Chat completions in OpenAI's wire format, and conversations that are kept.",
    requires=("api", "db", "llm", "worker"),
    extends={
        "core.settings": ["app.chat.settings:ChatSettings"],
        "core.preflight": ["app.chat.available:check_models"],
        "api.routes": ["app.chat.endpoints:router"],
        "worker.schedules": {"chat.prune": "app.chat.retention:PRUNE"},
    },
)
