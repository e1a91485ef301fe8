from app.core.lazy import Lazy
from app.core.registry import Feature, Schedule

feature = Feature(
    name="chat",
    stage="backend",
    summary="Chat completions in OpenAI's wire format, and conversations that are kept.",
    requires=("api", "db", "llm", "worker"),
    settings=(Lazy("app.chat.settings:ChatSettings"),),
    preflight=(Lazy("app.chat.available:check_models"),),
    router=Lazy("app.chat.endpoints:router"),
    tasks=("app.chat.tasks",),
    schedules={"chat.prune": Schedule(task="chat.prune", seconds=3600)},
)
