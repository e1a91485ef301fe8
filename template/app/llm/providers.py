"""The providers of models: a table, from which `LLM_MODEL=provider:name` chooses."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from pydantic_ai.models import Model

from app.core.settings import AppSettings
from app.llm import builders, offline
from app.llm.errors import ModelNotConfigured
from app.llm.settings import (
    AnthropicSettings,
    AzureSettings,
    BedrockSettings,
    GoogleSettings,
    LLMSettings,
    MistralSettings,
    OllamaSettings,
    OpenAISettings,
)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One provider of models."""

    name: str
    sdk: str
    """The module that must be installed."""
    extra: str
    """The extra of pydantic-ai-slim that installs it."""
    default_model: str
    """The model used when only the key is given."""
    needs: Callable[[], Mapping[str, object]]
    """The environment variables that must be set, each with its value."""
    build: Callable[[str], Model]
    """Returns the model of a name."""
    build_for_chat_completions: Callable[[str], Model] | None = None
    """The same, for options that only Chat Completions has; None where there is one API."""
    lacks: frozenset[str] = frozenset()
    """Options of a call, as pydantic-ai names them, that it does not have."""

    def missing(self) -> list[str]:
        """Return the environment variables that must be set and are not."""
        return [name for name, value in self.needs().items() if not value]

    def installed(self) -> bool:
        """Whether the SDK is there."""
        try:
            return find_spec(self.sdk) is not None
        except ModuleNotFoundError:  # a parent package is missing
            return False


def _openai_needs() -> Mapping[str, object]:
    settings = OpenAISettings.load()
    return {"OPENAI_API_KEY": settings.api_key or settings.base_url}  # a server of one's own may need no key


def _azure_needs() -> Mapping[str, object]:
    settings = AzureSettings.load()
    needed: dict[str, object] = {
        "AZURE_OPENAI_API_KEY": settings.api_key,
        "AZURE_OPENAI_ENDPOINT": settings.endpoint,
    }
    if settings.endpoint and not settings.endpoint.rstrip("/").endswith("/v1"):
        needed["AZURE_OPENAI_API_VERSION"] = settings.api_version
    return needed


_ANTHROPIC_LACKS = frozenset({"seed", "presence_penalty", "frequency_penalty"})

_TABLE = (
    Provider(
        name="openai",
        sdk="openai",
        extra="openai",
        default_model="gpt-5-mini",
        needs=_openai_needs,
        build=builders.openai,
        build_for_chat_completions=builders.openai_chat_completions,
    ),
    Provider(
        name="anthropic",
        sdk="anthropic",
        extra="anthropic",
        default_model="claude-haiku-4-5",
        needs=lambda: {"ANTHROPIC_API_KEY": AnthropicSettings.load().api_key},
        build=builders.anthropic,
        lacks=_ANTHROPIC_LACKS,
    ),
    Provider(
        name="google",
        sdk="google.genai",
        extra="google",
        default_model="gemini-2.5-flash",
        needs=lambda: {"GOOGLE_API_KEY": GoogleSettings.load().api_key},
        build=builders.google,
    ),
    Provider(
        name="azure",
        sdk="openai",
        extra="openai",
        default_model="gpt-5-mini",
        needs=_azure_needs,
        build=builders.azure,
    ),
    Provider(
        name="bedrock",
        sdk="boto3",
        extra="bedrock",
        default_model="global.anthropic.claude-haiku-4-5-20251001-v1:0",
        needs=lambda: {"AWS_REGION": BedrockSettings.load().region},
        build=builders.bedrock,
        lacks=_ANTHROPIC_LACKS,
    ),
    Provider(
        name="mistral",
        sdk="mistralai",
        extra="mistral",
        default_model="mistral-small-latest",
        needs=lambda: {"MISTRAL_API_KEY": MistralSettings.load().api_key},
        build=builders.mistral,
    ),
    Provider(
        name="ollama",
        sdk="openai",
        extra="openai",
        default_model="qwen3",
        needs=lambda: {"OLLAMA_BASE_URL": OllamaSettings.load().base_url},
        build=builders.ollama,
    ),
)

PROVIDERS = {provider.name: provider for provider in _TABLE}


def default_model() -> str:
    """Return `LLM_MODEL`, or else the default of the first usable provider, or else the offline model."""
    chosen = LLMSettings.load().model
    if chosen:
        return chosen
    usable = (p for p in PROVIDERS.values() if p.installed() and not p.missing())
    provider = next(usable, None)
    return f"{provider.name}:{provider.default_model}" if provider else offline.NAME


def check_configured(model: str) -> None:
    """Raise `ModelNotConfigured`, with what to do, if `provider:name` cannot be used."""
    if model == offline.NAME:
        _refuse_offline_in_production()
        return
    provider_name, _, name = model.partition(":")
    provider = PROVIDERS.get(provider_name)
    if provider is None or not name:
        raise ModelNotConfigured(
            f"{model!r} is not a model: a model is written provider:name.",
            hint=f"Providers: {', '.join(PROVIDERS)}; or {offline.NAME}.",
        )
    if not provider.installed():
        raise ModelNotConfigured(
            f"The SDK for {model!r} is not installed.",
            hint=f"Run `uv add 'pydantic-ai-slim[{provider.extra}]'`.",
        )
    if missing := provider.missing():
        raise ModelNotConfigured(
            f"{model!r} needs {' and '.join(missing)}.",
            hint=f"Put it in .env, or leave LLM_MODEL empty for the offline model ({offline.NAME}).",
        )


def _refuse_offline_in_production() -> None:
    if AppSettings.load().is_production:
        raise ModelNotConfigured(
            "The offline model is refused when ENVIRONMENT=production.",
            hint="Set LLM_MODEL to a real model, and its provider's key.",
        )


@cache
def build_model(model: str, chat_completions: bool = False) -> Model:
    """Return the model `provider:name` of a real provider."""
    check_configured(model)
    provider, _, name = model.partition(":")
    row = PROVIDERS[provider]
    build = (row.build_for_chat_completions if chat_completions else None) or row.build
    return build(name)


@asynccontextmanager
async def lifespan() -> AsyncGenerator[None, None]:
    """Close the connections to the providers when the API stops."""
    try:
        yield
    finally:
        await close_models()


async def close_models() -> None:
    """Forget all models and close their connections; the next call builds them anew."""
    build_model.cache_clear()
    if builders.http_client.cache_info().currsize:
        await builders.http_client().aclose()
        builders.http_client.cache_clear()


def check_models() -> str:
    """Check that every model in the settings can be used; calls none of them. Returns the first."""
    model = default_model()
    for name in (model, *LLMSettings.load().fallback_models):
        check_configured(name)
    return model


async def check_model() -> str:
    """The same, as a readiness check: with the models to fall back on, and why it is the offline one."""
    model, fallbacks = check_models(), LLMSettings.load().fallback_models
    if fallbacks:
        return f"{model}, else {', '.join(fallbacks)}"
    if model == offline.NAME and not LLMSettings.load().model:
        installed = [provider for provider in PROVIDERS.values() if provider.installed()]
        missing = " and ".join(installed[0].missing()) if installed else "a provider's SDK"
        return f"{model} (no key found: {missing} is not set)"
    return model
