from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="agents",
    stage="design",
    summary="A model that may use tools, in a loop, within limits.",
    requires=("llm",),
    settings=(Lazy("app.agents.settings:AgentsSettings"),),
    preflight=(Lazy("app.agents.make:framework"),),
)
