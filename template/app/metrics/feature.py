from app.core.registry import Feature

feature = Feature(
    name="metrics",
    stage="monitoring",
    summary="Prometheus: requests, runs, the queue, models, tokens, cost and retrieval, of all processes.",
    requires=("api", "db", "runs", "usage"),
    extends={
        "api.probes": ["app.metrics.endpoints:PATH"],
        "api.routes": ["app.metrics.endpoints:router"],
        "core.preflight": ["app.metrics.files:check_folder"],
        "core.settings": ["app.metrics.settings:MetricsSettings"],
        "core.span_sinks": ["app.metrics.recording:record"],
        "observability.exports": ["app.metrics.counting:count_export"],
    },
)
