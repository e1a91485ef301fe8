"""Settings of the model calls (`LLM_…`), and of each provider under the names that its own SDK uses."""

import re
from decimal import Decimal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from app.core.settings import List, Settings, Url


class LLMSettings(Settings):
    """How models are called. Limits hold for one call of the facade, with its retries."""

    model_config = SettingsConfigDict(env_prefix="LLM_")

    model: str | None = None
    """`provider:name`. Not set: the first provider with a key, or else the offline model."""

    fallback_models: List = ()
    """Models to try in turn when the first does not answer; separated by commas."""

    timeout: float = Field(60.0, gt=0, le=3600)
    """Seconds until one attempt is given up."""

    retries: int = Field(2, ge=0, le=10)
    """Further attempts after a rate limit, a timeout or a server error."""

    output_retries: int = Field(2, ge=0, le=10)
    """How often a model may correct an answer that does not fit the schema."""

    max_requests: int = Field(10, ge=1)
    """Requests that one call may make."""

    max_tokens: int = Field(200_000, ge=1)
    """Tokens, in and out, that one call may use."""

    max_cost: Decimal = Field(Decimal("1.00"), gt=0)
    """US dollars that one call may cost. Not enforced for a model whose price is unknown."""

    max_output_tokens: int | None = Field(None, ge=1)
    """Tokens that one answer may have. Not set: the provider's own limit."""

    @field_validator("fallback_models")
    @classmethod
    def _are_models(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [model for model in value if not re.fullmatch(r"[a-z]+:[^\s;,]+", model)]:
            raise ValueError(f"{wrong[0]!r} is not a model: write provider:name, separated by commas")
        return value

    cache_seconds: float = Field(0.0, ge=0)
    """Seconds for which the same call is answered from `.data/llm_cache.sqlite3`. 0: no cache."""


class OpenAISettings(Settings):
    """OpenAI, or any server that speaks its protocol (vLLM, LM Studio, a gateway)."""

    model_config = SettingsConfigDict(env_prefix="OPENAI_")

    api_key: SecretStr | None = None
    base_url: Url | None = None
    """Another server. It is spoken to with Chat Completions, which all of them know."""


class AnthropicSettings(Settings):
    """Anthropic."""

    model_config = SettingsConfigDict(env_prefix="ANTHROPIC_")

    api_key: SecretStr | None = None
    base_url: Url | None = None


class GoogleSettings(Settings):
    """Google Gemini."""

    model_config = SettingsConfigDict(env_prefix="GOOGLE_")

    api_key: SecretStr | None = None
    base_url: Url | None = None


class AzureSettings(Settings):
    """OpenAI's models on Azure. The name in `LLM_MODEL` is that of your deployment."""

    model_config = SettingsConfigDict(env_prefix="AZURE_OPENAI_")

    api_key: SecretStr | None = None
    endpoint: Url | None = None
    """`https://RESOURCE.openai.azure.com/openai/v1/`."""
    api_version: str | None = None
    """Only for an endpoint that does not end in `/v1/`."""


class BedrockSettings(Settings):
    """Amazon Bedrock. Without keys here, the AWS SDK looks for a profile or an instance role."""

    model_config = SettingsConfigDict(env_prefix="AWS_")

    region: str | None = None
    bearer_token_bedrock: SecretStr | None = None
    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None
    endpoint_url: Url | None = None


class MistralSettings(Settings):
    """Mistral."""

    model_config = SettingsConfigDict(env_prefix="MISTRAL_")

    api_key: SecretStr | None = None
    base_url: Url | None = None


class OllamaSettings(Settings):
    """Models on your own machine, served by Ollama."""

    model_config = SettingsConfigDict(env_prefix="OLLAMA_")

    base_url: Url | None = None
    """`http://localhost:11434/v1`."""
    api_key: SecretStr | None = None
