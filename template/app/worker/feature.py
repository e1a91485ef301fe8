from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="worker",
    stage="backend",
    summary="Celery: work in the background, and a clock for what runs by schedule.",
    requires=("db",),
    settings=(Lazy("app.worker.settings:BrokerSettings"), Lazy("app.worker.settings:WorkerSettings")),
    preflight=(Lazy("app.worker.celery:get_celery_app"),),
    cli=Lazy("app.worker.cli:cli"),
    checks={
        "broker": Lazy("app.worker.publishing:check_broker"),
        "clock": Lazy("app.worker.clock:check_clock"),
    },
)
