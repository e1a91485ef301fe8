"""One way to call any model: `complete`, `stream` and `extract`. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.llm.budget import Budget
    from app.llm.builders import bedrock_provider, http_client
    from app.llm.calls import Call, Event, Handler, Image, Layer, Message, Reply, TextDelta, Tool, ToolCall
    from app.llm.errors import BrokenAnswer, ContentRefused, InvalidOutput, LLMError, ModelUnavailable
    from app.llm.facade import chat, complete, extract, stream
    from app.llm.messages import as_json, from_pydantic_ai, to_pydantic_ai
    from app.llm.metering import MeteredRequest, Taken, meter_request, price
    from app.llm.offline import Answer, Question, Use
    from app.llm.prompts import (
        Prompt,
        RenderedPrompt,
        as_data,
        load_prompt,
        parse_prompt,
        prompt_files,
        with_prompts,
    )
    from app.llm.providers import check_configured, default_model
    from app.llm.settings import (
        AzureSettings,
        BedrockSettings,
        GoogleSettings,
        LLMSettings,
        MistralSettings,
        OllamaSettings,
        OpenAISettings,
    )

__all__ = [
    "Answer",
    "AzureSettings",
    "BedrockSettings",
    "BrokenAnswer",
    "Budget",
    "Call",
    "ContentRefused",
    "Event",
    "GoogleSettings",
    "Handler",
    "Image",
    "InvalidOutput",
    "LLMError",
    "LLMSettings",
    "Layer",
    "Message",
    "MeteredRequest",
    "MistralSettings",
    "ModelUnavailable",
    "OllamaSettings",
    "OpenAISettings",
    "Prompt",
    "PromptError",
    "Question",
    "RenderedPrompt",
    "Reply",
    "Taken",
    "TextDelta",
    "Tool",
    "ToolCall",
    "Use",
    "as_data",
    "as_json",
    "bedrock_provider",
    "chat",
    "check_configured",
    "complete",
    "default_model",
    "extract",
    "from_pydantic_ai",
    "http_client",
    "load_prompt",
    "meter_request",
    "parse_prompt",
    "price",
    "prompt_files",
    "stream",
    "to_pydantic_ai",
    "with_prompts",
]

__getattr__ = lazy_exports(
    __name__,
    budget=("Budget",),
    builders=("bedrock_provider", "http_client"),
    calls=("Call", "Event", "Handler", "Image", "Layer", "Message", "Reply", "TextDelta", "Tool", "ToolCall"),
    errors=("BrokenAnswer", "ContentRefused", "InvalidOutput", "LLMError", "ModelUnavailable"),
    facade=("chat", "complete", "extract", "stream"),
    messages=("as_json", "from_pydantic_ai", "to_pydantic_ai"),
    metering=("MeteredRequest", "Taken", "meter_request", "price"),
    offline=("Answer", "Question", "Use"),
    prompts=(
        "Prompt",
        "PromptError",
        "RenderedPrompt",
        "as_data",
        "load_prompt",
        "parse_prompt",
        "prompt_files",
        "with_prompts",
    ),
    providers=("check_configured", "default_model"),
    settings=(
        "AzureSettings",
        "BedrockSettings",
        "GoogleSettings",
        "LLMSettings",
        "MistralSettings",
        "OllamaSettings",
        "OpenAISettings",
    ),
)
