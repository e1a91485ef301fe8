from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="workflows",
    stage="design",
    summary="Workflows as typed graphs of nodes: code, models, routers, loops; drawn from the code.",
    requires=("agents", "llm"),
    cli=Lazy("app.workflows.cli:cli"),
)
