from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="systems.automation",
    stage="design",
    summary="Support e-mails routed by rules first, drafted or acted upon through a webhook.",
    requires=("llm", "workflows"),
    settings=(Lazy("app.systems.automation.settings:AutomationSettings"),),
    workflows={"automation": Lazy("app.systems.automation.workflow:automation")},
)
