from app.core.registry import Feature

feature = Feature(
    name="langfuse",
    stage="monitoring",
    summary="Langfuse besides traces: prompts that are managed there, and scores from feedback.",
    requires=("llm", "observability", "privacy"),
    extends={
        "core.commands": ["app.langfuse.cli:cli"],
        "core.lifespans": ["app.langfuse.prompts:lifespan"],
        "core.span_sinks": ["app.langfuse.scores:record"],
        "llm.prompt_sources": {"langfuse": "app.langfuse.prompts:managed_prompt"},
    },
)
