"""The providers of models: one strategy each, chosen by `LLM_MODEL=provider:name`.

A strategy knows which settings it needs, which package it needs, and how to build its model. Its SDK is
imported when it is used. Retries and timeouts are ours (`layers.py`), so the SDKs' own are switched off.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from httpx2 import AsyncClient, Timeout
from pydantic import SecretStr
from pydantic_ai.models import Model

from app.core.settings import AppSettings
from app.llm import offline
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

if TYPE_CHECKING:
    from pydantic_ai.profiles.openai import OpenAIModelProfile
    from pydantic_ai.providers.openai import OpenAIProvider


@cache
def _http_client() -> AsyncClient:
    """Return the connection pool that all SDKs of this process share."""
    return AsyncClient(timeout=Timeout(LLMSettings.load().timeout, connect=10.0), follow_redirects=True)


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def _profile() -> "OpenAIModelProfile":
    """Return what all servers of Chat Completions have in common."""
    from pydantic_ai.profiles.openai import OpenAIModelProfile

    # a connection that breaks may look like an end: without a reason an answer is not complete
    return OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)


class Provider(ABC):
    """One provider of models."""

    name: ClassVar[str]
    sdk: ClassVar[str]
    """The module that must be installed."""
    extra: ClassVar[str]
    """The extra of pydantic-ai-slim that installs it."""
    default_model: ClassVar[str]
    """The model used when only the key is given."""
    lacks: ClassVar[frozenset[str]] = frozenset()
    """Options of a call, as pydantic-ai names them, that it does not have."""

    @abstractmethod
    def missing(self) -> list[str]:
        """Return the environment variables that must be set and are not."""

    @abstractmethod
    def build(self, name: str) -> Model:
        """Return the model of that name."""

    def build_for_chat_completions(self, name: str) -> Model:
        """Return the model as it is spoken to for options that only Chat Completions have."""
        return self.build(name)

    def installed(self) -> bool:
        """Whether the SDK is there."""
        try:
            return find_spec(self.sdk) is not None
        except ModuleNotFoundError:  # a parent package is missing
            return False


class OpenAI(Provider):
    name = "openai"
    sdk = "openai"
    extra = "openai"
    default_model = "gpt-5-mini"

    def missing(self) -> list[str]:
        settings = OpenAISettings.load()
        return [] if settings.api_key or settings.base_url else ["OPENAI_API_KEY"]

    def build(self, name: str) -> Model:
        from pydantic_ai.models.openai import OpenAIResponsesModel

        if OpenAISettings.load().base_url:
            return self.build_for_chat_completions(name)
        return OpenAIResponsesModel(name, provider=self._provider())

    def build_for_chat_completions(self, name: str) -> Model:
        from pydantic_ai.models.openai import OpenAIChatModel

        return OpenAIChatModel(name, provider=self._provider(), profile=_profile())

    def _provider(self) -> "OpenAIProvider":
        from pydantic_ai.providers.openai import OpenAIProvider

        settings = OpenAISettings.load()
        provider = OpenAIProvider(
            api_key=_secret(settings.api_key) or "not-needed",
            base_url=settings.base_url or "https://api.openai.com/v1",
            http_client=_http_client(),
        )
        provider.client.max_retries = 0
        return provider


class Anthropic(Provider):
    name = "anthropic"
    sdk = "anthropic"
    extra = "anthropic"
    default_model = "claude-haiku-4-5"
    lacks = frozenset({"seed", "presence_penalty", "frequency_penalty"})

    def missing(self) -> list[str]:
        return [] if AnthropicSettings.load().api_key else ["ANTHROPIC_API_KEY"]

    def build(self, name: str) -> Model:
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        settings = AnthropicSettings.load()
        provider = AnthropicProvider(
            api_key=_secret(settings.api_key),
            base_url=settings.base_url or "https://api.anthropic.com",
            http_client=_http_client(),
        )
        provider.client.max_retries = 0
        return AnthropicModel(name, provider=provider)


class Google(Provider):
    name = "google"
    sdk = "google.genai"
    extra = "google"
    default_model = "gemini-2.5-flash"

    def missing(self) -> list[str]:
        return [] if GoogleSettings.load().api_key else ["GOOGLE_API_KEY"]

    def build(self, name: str) -> Model:
        from pydantic_ai.models.google import GoogleModel
        from pydantic_ai.providers.google import GoogleProvider

        settings = GoogleSettings.load()
        provider = GoogleProvider(
            api_key=_secret(settings.api_key) or "",
            base_url=settings.base_url,
            http_client=_http_client(),
        )
        return GoogleModel(name, provider=provider)


class Azure(Provider):
    name = "azure"
    sdk = "openai"
    extra = "openai"
    default_model = "gpt-5-mini"

    def missing(self) -> list[str]:
        settings = AzureSettings.load()
        needed = {
            "AZURE_OPENAI_API_KEY": settings.api_key,
            "AZURE_OPENAI_ENDPOINT": settings.endpoint,
        }
        if settings.endpoint and not settings.endpoint.rstrip("/").endswith("/v1"):
            needed["AZURE_OPENAI_API_VERSION"] = settings.api_version
        return [name for name, value in needed.items() if not value]

    def build(self, name: str) -> Model:
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.azure import AzureProvider

        settings = AzureSettings.load()
        provider = AzureProvider(
            azure_endpoint=settings.endpoint,
            api_version=settings.api_version,
            api_key=_secret(settings.api_key),
            http_client=_http_client(),
        )
        provider.client.max_retries = 0
        return OpenAIChatModel(name, provider=provider, profile=_profile())


class Bedrock(Provider):
    name = "bedrock"
    sdk = "boto3"
    extra = "bedrock"
    default_model = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
    lacks = frozenset({"seed", "presence_penalty", "frequency_penalty"})

    def missing(self) -> list[str]:
        return [] if BedrockSettings.load().region else ["AWS_REGION"]

    def build(self, name: str) -> Model:
        from pydantic_ai.models.bedrock import BedrockConverseModel
        from pydantic_ai.providers.bedrock import BedrockProvider

        settings = BedrockSettings.load()
        os.environ.setdefault("AWS_MAX_ATTEMPTS", "1")  # the SDK has no other switch without its own client
        token = _secret(settings.bearer_token_bedrock)
        if token:
            provider = BedrockProvider(
                api_key=token, region_name=settings.region, base_url=settings.endpoint_url
            )
        else:
            provider = BedrockProvider(
                region_name=settings.region,
                base_url=settings.endpoint_url,
                aws_access_key_id=_secret(settings.access_key_id),
                aws_secret_access_key=_secret(settings.secret_access_key),
                aws_session_token=_secret(settings.session_token),
            )
        return BedrockConverseModel(name, provider=provider)


class Mistral(Provider):
    name = "mistral"
    sdk = "mistralai"
    extra = "mistral"
    default_model = "mistral-small-latest"

    def missing(self) -> list[str]:
        return [] if MistralSettings.load().api_key else ["MISTRAL_API_KEY"]

    def build(self, name: str) -> Model:
        from pydantic_ai.models.mistral import MistralModel
        from pydantic_ai.providers.mistral import MistralProvider

        settings = MistralSettings.load()
        provider = MistralProvider(
            api_key=_secret(settings.api_key), base_url=settings.base_url, http_client=_http_client()
        )
        return MistralModel(name, provider=provider)


class Ollama(Provider):
    name = "ollama"
    sdk = "openai"
    extra = "openai"
    default_model = "qwen3"

    def missing(self) -> list[str]:
        return [] if OllamaSettings.load().base_url else ["OLLAMA_BASE_URL"]

    def build(self, name: str) -> Model:
        from pydantic_ai.models.ollama import OllamaModel
        from pydantic_ai.providers.ollama import OllamaProvider

        settings = OllamaSettings.load()
        provider = OllamaProvider(
            api_key=_secret(settings.api_key) or "not-needed",
            base_url=settings.base_url,
            http_client=_http_client(),
        )
        provider.client.max_retries = 0
        return OllamaModel(name, provider=provider, profile=_profile())


PROVIDERS = {
    provider.name: provider
    for provider in (OpenAI(), Anthropic(), Google(), Azure(), Bedrock(), Mistral(), Ollama())
}


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
    if chat_completions:
        return PROVIDERS[provider].build_for_chat_completions(name)
    return PROVIDERS[provider].build(name)


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
    if _http_client.cache_info().currsize:
        await _http_client().aclose()
        _http_client.cache_clear()


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
