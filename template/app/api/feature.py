from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="api",
    stage="backend",
    summary="FastAPI: API keys with scopes, health, errors as problem documents, request ids.",
    requires=("db",),
    settings=(Lazy("app.api.settings:ApiSettings"),),
    cli=Lazy("app.api.cli:cli"),
    router=Lazy("app.api.endpoints:router"),
)
