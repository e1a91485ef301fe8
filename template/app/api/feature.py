from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="api",
    stage="backend",
    summary="FastAPI: keys with scopes, rate limits, health, errors as problem documents, request ids.",
    requires=("db",),
    settings=(Lazy("app.api.settings:ApiSettings"), Lazy("app.api.settings:AuthSettings")),
    cli=Lazy("app.api.cli:cli"),
    router=Lazy("app.api.endpoints:router"),
)
