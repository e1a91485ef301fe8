from app.core.registry import Feature

feature = Feature(
    name="openai",
    stage="backend",
    summary="Chat completions and responses in OpenAI's wire formats: its SDKs work unchanged.",
    requires=("api", "conversations", "db", "llm"),
    extends={
        "core.settings": ["app.openai.settings:ChatSettings"],
        "core.preflight": ["app.openai.available:check_models"],
        "api.routes": ["app.openai.endpoints:router"],
    },
)
