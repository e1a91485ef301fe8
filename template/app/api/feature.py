from app.core.registry import Feature

feature = Feature(
    name="api",
    stage="backend",
    summary="FastAPI: keys with scopes, rate limits, health, errors as problem documents, request ids.",
    requires=("db", "workflows"),
    extends={
        "core.settings": [
            "app.api.settings:ApiSettings",
            "app.api.settings:AuthSettings",
        ],
        "core.commands": ["app.api.cli:cli"],
        "api.probes": ["app.api.endpoints:HEALTH"],
        "api.routes": ["app.api.endpoints:router"],
    },
)
