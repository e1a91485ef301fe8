from app.core.registry import Feature

feature = Feature(
    name="systems.automation",
    stage="design",
    summary="Support e-mails routed by rules first, drafted or acted upon through a webhook.",
    requires=("graphs", "llm", "workflows"),
    extends={
        "core.settings": ["app.systems.automation.settings:AutomationSettings"],
        "workflows.workflows": {"automation": "app.systems.automation.workflow:automation"},
    },
)
