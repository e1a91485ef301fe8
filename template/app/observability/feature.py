from app.core.registry import Feature

feature = Feature(
    name="observability",
    stage="monitoring",
    summary="Traces: what ran, how long it took, what it cost and what was said.",
    requires=("privacy",),
    extends={
        "core.bug_reporters": ["app.observability.sentry:report"],
        "core.commands": ["app.observability.cli:cli"],
        "core.lifespans": ["app.observability.pipeline:lifespan"],
        "core.preflight": ["app.observability.settings:check_traces"],
        "core.settings": [
            "app.observability.settings:TracesSettings",
            "app.observability.settings:OtlpSettings",
            "app.observability.settings:LangfuseSettings",
            "app.observability.settings:SentrySettings",
        ],
        "core.span_sinks": ["app.observability.pipeline:record"],
    },
)
