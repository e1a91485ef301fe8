from app.core.registry import Feature

feature = Feature(
    name="llm",
    stage="foundations",
    summary="One way to call any model: structured output, streaming, prompts in files, limits, cost.",
    extends={
        "core.settings": [
            "app.llm.settings:LLMSettings",
            "app.llm.settings:OpenAISettings",
            "app.llm.settings:AnthropicSettings",
            "app.llm.settings:GoogleSettings",
            "app.llm.settings:AzureSettings",
            "app.llm.settings:BedrockSettings",
            "app.llm.settings:MistralSettings",
            "app.llm.settings:OllamaSettings",
        ],
        "core.preflight": ["app.llm.providers:check_models"],
        "core.commands": ["app.llm.cli:cli"],
        "core.lifespans": ["app.llm.providers:lifespan"],
        "core.checks": {"model": "app.llm.providers:check_model"},
        "core.probes": {"model answers": "app.llm.facade:probe_model"},
    },
)
