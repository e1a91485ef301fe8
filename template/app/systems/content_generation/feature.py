from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="systems.content_generation",
    stage="design",
    summary="From a brief to an article, with a critic; code checks length and style.",
    requires=("llm", "workflows"),
    workflows={"content_generation": Lazy("app.systems.content_generation.workflow:content_generation")},
    chat_models={"content_generation": Lazy("app.systems.content_generation.chat:answer")},
)
