from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="systems.multi_agent",
    stage="design",
    summary="A research team of agents with one budget; every claim is held against its source.",
    requires=("agents", "llm", "workflows"),
    settings=(Lazy("app.systems.multi_agent.settings:ResearchSettings"),),
    workflows={"multi_agent": Lazy("app.systems.multi_agent.workflow:multi_agent")},
    chat_models={"multi_agent": Lazy("app.systems.multi_agent.chat:answer")},
)
