from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="api",
    stage="backend",
    summary="FastAPI: health, errors as problem documents, request ids.",
    settings=(Lazy("app.api.settings:ApiSettings"),),
    cli=Lazy("app.api.cli:cli"),
    router=Lazy("app.api.endpoints:router"),
)
