from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="llm",
    stage="foundations",
    summary="One way to call any model: structured output, streaming, prompts in files, limits, cost.",
    settings=(
        Lazy("app.llm.settings:LLMSettings"),
        Lazy("app.llm.settings:OpenAISettings"),
        Lazy("app.llm.settings:AnthropicSettings"),
        Lazy("app.llm.settings:GoogleSettings"),
        Lazy("app.llm.settings:AzureSettings"),
        Lazy("app.llm.settings:BedrockSettings"),
        Lazy("app.llm.settings:MistralSettings"),
        Lazy("app.llm.settings:OllamaSettings"),
    ),
    preflight=(Lazy("app.llm.providers:check_models"),),
    cli=Lazy("app.llm.cli:cli"),
    lifespan=Lazy("app.llm.providers:lifespan"),
    checks={"model": Lazy("app.llm.providers:check_model")},
    probes={"model answers": Lazy("app.llm.facade:probe_model")},
)
