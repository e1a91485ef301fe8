from app.core.registry import Feature

feature = Feature(
    name="guardrails",
    stage="monitoring",
    summary="Guards around models and tools: injected instructions, personal data, leaks, active markup.",
    requires=("llm", "privacy"),
    extends={
        "agents.tool_guards": ["app.guardrails.tools:check_tool"],
        "core.commands": ["app.guardrails.cli:cli"],
        "core.settings": ["app.guardrails.settings:GuardrailSettings"],
        "llm.layers": {"guardrails": "app.guardrails.layer:guard"},
    },
)
