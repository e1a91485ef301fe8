from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="systems.assistant",
    stage="design",
    summary="A personal assistant with memory and tools.",
    requires=("agents", "llm", "workflows"),
    workflows={"assistant": Lazy("app.systems.assistant.workflow:assistant")},
    chat_models={"assistant": Lazy("app.systems.assistant.chat:answer")},
)
