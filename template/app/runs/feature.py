from app.core.registry import Feature

feature = Feature(
    name="runs",
    stage="backend",
    summary="Work accepted over HTTP and done by a worker: every run is a row that outlives both.",
    requires=("api", "db", "worker", "workflows"),
    extends={
        "core.settings": [
            "app.runs.settings:RunsSettings",
            "app.runs.settings:WebhookSettings",
        ],
        "core.preflight": ["app.runs.schedules:check_schedules"],
        "core.lifespans": ["app.runs.events:lifespan"],
        "core.commands": ["app.runs.cli:cli"],
        "api.routes": ["app.runs.endpoints:router"],
        "worker.tasks": ["app.runs.tasks"],
        "worker.schedules": {
            "runs.relay": "app.runs.tasks:RELAY",
            "runs.callbacks": "app.runs.tasks:CALLBACKS",
            "runs.schedules": "app.runs.tasks:SCHEDULES",
            "runs.prune": "app.runs.tasks:PRUNE",
        },
        "worker.shutdown": ["app.runs.execute:stop_all"],
    },
)
