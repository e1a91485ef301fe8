from app.core.registry import Feature

feature = Feature(
    name="worker",
    stage="backend",
    summary="Celery: work in the background, and a scheduler.",
    requires=("db", "workflows"),
    extends={
        "core.settings": [
            "app.worker.settings:BrokerSettings",
            "app.worker.settings:WorkerSettings",
        ],
        "core.preflight": ["app.worker.celery:get_celery_app"],
        "core.commands": ["app.worker.cli:cli"],
        "core.checks": {
            "broker": "app.worker.publishing:check_broker",
            "scheduler": "app.worker.scheduler:check_scheduler",
        },
    },
)
