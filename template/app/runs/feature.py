from app.core.lazy import Lazy
from app.core.registry import Feature, Schedule

feature = Feature(
    name="runs",
    stage="backend",
    summary="Work accepted over HTTP and done by a worker: every run is a row that outlives both.",
    requires=("api", "db", "llm", "worker"),
    settings=(Lazy("app.runs.settings:RunsSettings"), Lazy("app.runs.settings:WebhookSettings")),
    preflight=(Lazy("app.runs.schedules:check_schedules"),),
    lifespan=Lazy("app.runs.listen:lifespan"),
    cli=Lazy("app.runs.cli:cli"),
    router=Lazy("app.runs.endpoints:router"),
    workflows={"echo_summary": Lazy("app.runs.workflows:echo_summary")},
    tasks=("app.runs.tasks",),
    schedules={
        "runs.relay": Schedule(task="runs.relay", seconds=2),
        "runs.callbacks": Schedule(task="runs.callbacks", seconds=2),
        "runs.schedules": Schedule(task="runs.schedules", seconds=5),
        "runs.prune": Schedule(task="runs.prune", seconds=3600),
    },
    about_workflows={"schedule": Lazy("app.runs.schedules:about_workflows")},
    on_worker_stop=(Lazy("app.runs.execute:stop_all"),),
)
