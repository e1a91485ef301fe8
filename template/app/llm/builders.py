"""How the model of each provider is built, from its settings.

An SDK is imported when it is used. Retries and timeouts are ours (`layers.py`), so the SDKs' own are off.
"""

import os
from functools import cache
from typing import TYPE_CHECKING

from httpx2 import AsyncClient, Timeout
from pydantic import SecretStr
from pydantic_ai.models import Model

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
    from pydantic_ai.providers.bedrock import BedrockProvider
    from pydantic_ai.providers.openai import OpenAIProvider


@cache
def http_client() -> AsyncClient:
    """Return the connection pool that all SDKs of this process share."""
    return AsyncClient(timeout=Timeout(LLMSettings.load().timeout, connect=10.0), follow_redirects=True)


def openai(name: str) -> Model:
    """Return a model of OpenAI, spoken to over Responses; of another server over Chat Completions."""
    from pydantic_ai.models.openai import OpenAIResponsesModel

    if OpenAISettings.load().base_url:
        return openai_chat_completions(name)
    return OpenAIResponsesModel(name, provider=_openai_provider())


def openai_chat_completions(name: str) -> Model:
    """Return a model of OpenAI for options that only Chat Completions has."""
    from pydantic_ai.models.openai import OpenAIChatModel

    return OpenAIChatModel(name, provider=_openai_provider(), profile=_profile())


def _openai_provider() -> "OpenAIProvider":
    from pydantic_ai.providers.openai import OpenAIProvider

    settings = OpenAISettings.load()
    provider = OpenAIProvider(
        api_key=_secret(settings.api_key) or "not-needed",
        base_url=settings.base_url or "https://api.openai.com/v1",
        http_client=http_client(),
    )
    provider.client.max_retries = 0
    return provider


def anthropic(name: str) -> Model:
    """Return a model of Anthropic."""
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    settings = AnthropicSettings.load()
    provider = AnthropicProvider(
        api_key=_secret(settings.api_key),
        base_url=settings.base_url or "https://api.anthropic.com",
        http_client=http_client(),
    )
    provider.client.max_retries = 0
    return AnthropicModel(name, provider=provider)


def google(name: str) -> Model:
    """Return a model of Google."""
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    settings = GoogleSettings.load()
    provider = GoogleProvider(
        api_key=_secret(settings.api_key) or "",
        base_url=settings.base_url,
        http_client=http_client(),
    )
    return GoogleModel(name, provider=provider)


def azure(name: str) -> Model:
    """Return a deployment at Azure."""
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.azure import AzureProvider

    settings = AzureSettings.load()
    provider = AzureProvider(
        azure_endpoint=settings.endpoint,
        api_version=settings.api_version,
        api_key=_secret(settings.api_key),
        http_client=http_client(),
    )
    provider.client.max_retries = 0
    return OpenAIChatModel(name, provider=provider, profile=_profile())


def bedrock(name: str) -> Model:
    """Return a model of Bedrock."""
    from pydantic_ai.models.bedrock import BedrockConverseModel

    return BedrockConverseModel(name, provider=bedrock_provider())


def bedrock_provider() -> "BedrockProvider":
    """Return the connection to Bedrock."""
    from pydantic_ai.providers.bedrock import BedrockProvider

    settings = BedrockSettings.load()
    os.environ.setdefault("AWS_MAX_ATTEMPTS", "1")  # the SDK has no other switch without its own client
    token = _secret(settings.bearer_token_bedrock)
    if token:
        return BedrockProvider(api_key=token, region_name=settings.region, base_url=settings.endpoint_url)
    return BedrockProvider(
        region_name=settings.region,
        base_url=settings.endpoint_url,
        aws_access_key_id=_secret(settings.access_key_id),
        aws_secret_access_key=_secret(settings.secret_access_key),
        aws_session_token=_secret(settings.session_token),
    )


def mistral(name: str) -> Model:
    """Return a model of Mistral."""
    from pydantic_ai.models.mistral import MistralModel
    from pydantic_ai.providers.mistral import MistralProvider

    settings = MistralSettings.load()
    provider = MistralProvider(
        api_key=_secret(settings.api_key), base_url=settings.base_url, http_client=http_client()
    )
    return MistralModel(name, provider=provider)


def ollama(name: str) -> Model:
    """Return a model of an Ollama server."""
    from pydantic_ai.models.ollama import OllamaModel
    from pydantic_ai.providers.ollama import OllamaProvider

    settings = OllamaSettings.load()
    provider = OllamaProvider(
        api_key=_secret(settings.api_key) or "not-needed",
        base_url=settings.base_url,
        http_client=http_client(),
    )
    provider.client.max_retries = 0
    return OllamaModel(name, provider=provider, profile=_profile())


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def _profile() -> "OpenAIModelProfile":
    """Return what all servers of Chat Completions have in common."""
    from pydantic_ai.profiles.openai import OpenAIModelProfile

    # a connection that breaks may look like an end: without a reason an answer is not complete
    return OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
