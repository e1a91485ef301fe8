"""The providers of embeddings: a table, from which `RAG_EMBEDDER=provider:name` chooses.

They have the settings of the models that write (`app/llm/settings.py`). Anthropic has no embeddings; a server
that speaks OpenAI's protocol (TEI, vLLM, LM Studio) is `openai:NAME` with `OPENAI_BASE_URL`.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from app.core.errors import available
from app.llm import (
    AzureSettings,
    BedrockSettings,
    GoogleSettings,
    MistralSettings,
    OllamaSettings,
    OpenAISettings,
    http_client,
)
from app.llm.embeddings.local import LOCAL
from app.llm.errors import ModelNotConfigured

if TYPE_CHECKING:
    from pydantic_ai.embeddings import EmbeddingModel
    from pydantic_ai.providers.openai import OpenAIProvider


@dataclass(frozen=True, kw_only=True)
class EmbeddingProvider:
    """One provider of embeddings."""

    name: str
    sdk: str
    """The module that must be installed; of the extra `openai` the one that its SDK does not bring by
    itself."""
    extra: str
    """The extra of pydantic-ai-slim that installs it."""
    default_model: str
    """The model used when only the key is given."""
    variable: str
    """The setting without which it cannot be used."""
    value: Callable[[], object]
    """Returns what that setting is."""
    build: Callable[[str], "EmbeddingModel"]

    def is_installed(self) -> bool:
        """Whether the SDK is there."""
        try:
            return find_spec(self.sdk) is not None
        except ModuleNotFoundError:  # a parent package is missing
            return False


def _openai_compatible(base_url: str | None, key: Any) -> "OpenAIProvider":
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(
        api_key=key.get_secret_value() if key else "not-needed",
        base_url=base_url or "https://api.openai.com/v1",
        http_client=http_client(),
    )
    provider.client.max_retries = 0
    return provider


def _openai_model(name: str, base_url: str | None, key: Any) -> "EmbeddingModel":
    from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel

    return OpenAIEmbeddingModel(name, provider=_openai_compatible(base_url, key))


def _openai(name: str) -> "EmbeddingModel":
    settings = OpenAISettings.load()
    return _openai_model(name, settings.base_url, settings.api_key)


def _ollama(name: str) -> "EmbeddingModel":
    settings = OllamaSettings.load()
    return _openai_model(name, settings.base_url, settings.api_key)


def _mistral(name: str) -> "EmbeddingModel":
    settings = MistralSettings.load()
    server = (settings.base_url or "https://api.mistral.ai").rstrip("/").removesuffix("/v1")
    return _openai_model(name, f"{server}/v1", settings.api_key)


def _azure(name: str) -> "EmbeddingModel":
    from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
    from pydantic_ai.providers.azure import AzureProvider

    settings = AzureSettings.load()
    provider = AzureProvider(
        azure_endpoint=settings.endpoint,
        api_version=settings.api_version,
        api_key=settings.api_key.get_secret_value() if settings.api_key else None,
        http_client=http_client(),
    )
    provider.client.max_retries = 0
    return OpenAIEmbeddingModel(name, provider=provider)


def _google(name: str) -> "EmbeddingModel":
    from pydantic_ai.embeddings.google import GoogleEmbeddingModel
    from pydantic_ai.providers.google import GoogleProvider

    settings = GoogleSettings.load()
    provider = GoogleProvider(
        api_key=settings.api_key.get_secret_value() if settings.api_key else "",
        base_url=settings.base_url,
        http_client=http_client(),
    )
    return GoogleEmbeddingModel(name, provider=provider)


def _bedrock(name: str) -> "EmbeddingModel":
    from pydantic_ai.embeddings.bedrock import BedrockEmbeddingModel

    from app.llm import bedrock_provider

    return BedrockEmbeddingModel(name, provider=bedrock_provider())


_TABLE = (
    EmbeddingProvider(
        name="openai",
        sdk="tiktoken",
        extra="openai",
        default_model="text-embedding-3-small",
        variable="OPENAI_API_KEY",
        value=lambda: OpenAISettings.load().api_key or OpenAISettings.load().base_url,
        build=_openai,
    ),
    EmbeddingProvider(
        name="google",
        sdk="google.genai",
        extra="google",
        default_model="gemini-embedding-001",
        variable="GOOGLE_API_KEY",
        value=lambda: GoogleSettings.load().api_key,
        build=_google,
    ),
    EmbeddingProvider(
        name="azure",
        sdk="tiktoken",
        extra="openai",
        default_model="text-embedding-3-small",
        variable="AZURE_OPENAI_ENDPOINT",
        value=lambda: AzureSettings.load().endpoint,
        build=_azure,
    ),
    EmbeddingProvider(
        name="bedrock",
        sdk="boto3",
        extra="bedrock",
        default_model="amazon.titan-embed-text-v2:0",
        variable="AWS_REGION",
        value=lambda: BedrockSettings.load().region,
        build=_bedrock,
    ),
    EmbeddingProvider(
        name="mistral",
        sdk="tiktoken",
        extra="openai",
        default_model="mistral-embed",
        variable="MISTRAL_API_KEY",
        value=lambda: MistralSettings.load().api_key,
        build=_mistral,
    ),
    EmbeddingProvider(
        name="ollama",
        sdk="tiktoken",
        extra="openai",
        default_model="nomic-embed-text",
        variable="OLLAMA_BASE_URL",
        value=lambda: OllamaSettings.load().base_url,
        build=_ollama,
    ),
)

EMBEDDING_PROVIDERS = {provider.name: provider for provider in _TABLE}


def check_embedder(embedder: str) -> None:
    """Raise `ModelNotConfigured`, with what to do, if `provider:name` cannot embed."""
    if embedder == LOCAL:
        return
    provider_name, _, name = embedder.partition(":")
    provider = EMBEDDING_PROVIDERS.get(provider_name)
    if provider is None or not name:
        raise ModelNotConfigured(
            f"{embedder!r} is not an embedder: one is written provider:name.",
            hint=available([*EMBEDDING_PROVIDERS, LOCAL]),
        )
    if not provider.is_installed():
        raise ModelNotConfigured(
            f"The SDK for {embedder!r} is not installed.",
            hint=f"Run `uv add 'pydantic-ai-slim[{provider.extra}]'`.",
        )
    if not provider.value():
        raise ModelNotConfigured(
            f"{embedder!r} needs {provider.variable}.",
            hint=f"Put it in .env, or set RAG_EMBEDDER={LOCAL}, which needs none.",
        )


@cache
def build_embedder(embedder: str) -> "EmbeddingModel":
    """Return the model `provider:name`. Raises `ModelNotConfigured`."""
    check_embedder(embedder)
    provider, _, name = embedder.partition(":")
    return EMBEDDING_PROVIDERS[provider].build(name)


@asynccontextmanager
async def lifespan() -> AsyncGenerator[None, None]:
    """Forget the embedders when the API stops: their connections are closed with those of the models."""
    try:
        yield
    finally:
        build_embedder.cache_clear()
