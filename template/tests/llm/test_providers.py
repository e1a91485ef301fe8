"""Every provider whose SDK is installed, spoken to over its real protocol."""

from dataclasses import replace

import pytest
from pydantic import BaseModel

from app.llm import LLMError, complete, extract, stream
from app.llm.calls import Reply, TextDelta
from app.llm.errors import InvalidOutput, ModelKeyRejected, ModelNotConfigured, ModelUnavailable
from app.llm.providers import PROVIDERS, check_configured, default_model
from tests.conftest import SetEnvironment
from tests.llm.fake_provider import INPUT_TOKENS, OUTPUT_TOKENS, FakeProvider

pytestmark = pytest.mark.filterwarnings("ignore::pydantic_ai.CostNotFoundWarning")  # prices age, tests do not

CREDENTIALS = {
    "openai": {"OPENAI_API_KEY": "sk-test-12345678", "OPENAI_BASE_URL": "{url}/v1"},
    "anthropic": {"ANTHROPIC_API_KEY": "sk-ant-12345678", "ANTHROPIC_BASE_URL": "{url}"},
    "google": {"GOOGLE_API_KEY": "google-12345678", "GOOGLE_BASE_URL": "{url}"},
    "azure": {"AZURE_OPENAI_API_KEY": "azure-12345678", "AZURE_OPENAI_ENDPOINT": "{url}/openai/v1/"},
    "bedrock": {
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIA12345678",
        "AWS_SECRET_ACCESS_KEY": "aws-12345678",
        "AWS_ENDPOINT_URL": "{url}",
    },
    "mistral": {"MISTRAL_API_KEY": "mistral-12345678", "MISTRAL_BASE_URL": "{url}"},
    "ollama": {"OLLAMA_BASE_URL": "{url}/v1"},
}

INSTALLED = [name for name, provider in PROVIDERS.items() if provider.installed()]
SPEAKING_CHAT_COMPLETIONS = [name for name in ("openai", "azure", "ollama") if name in INSTALLED]

configured = pytest.mark.parametrize("provider", INSTALLED)


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture
def model(
    provider: str, fake_provider: FakeProvider, fresh_models: None, set_environment: SetEnvironment
) -> str:
    """The provider's default model, with its settings leading to the stand-in."""
    values = {name: value.format(url=fake_provider.url) for name, value in CREDENTIALS[provider].items()}
    set_environment(LLM_RETRIES="0", LLM_MAX_OUTPUT_TOKENS="1000", **values)
    return f"{provider}:{PROVIDERS[provider].default_model}"


@configured
async def test_text_comes_back_with_its_usage(model: str) -> None:
    reply = await complete("Say hello", model=model, instructions="Be brief.")

    assert reply.output == "Hello there"
    assert (reply.model, reply.requests, reply.cached) == (model, 1, False)
    assert (reply.input_tokens, reply.output_tokens) == (INPUT_TOKENS, OUTPUT_TOKENS)


@configured
async def test_a_structure_comes_back_validated(model: str, fake_provider: FakeProvider) -> None:
    fake_provider.answers.append({"name": "Anna", "age": 31})

    reply = await extract("Anna, 31", Person, model=model)

    assert reply.output == Person(name="Anna", age=31)


@configured
async def test_a_structure_that_does_not_fit_is_corrected(model: str, fake_provider: FakeProvider) -> None:
    fake_provider.answers.extend([{"name": "Anna", "age": "old"}, {"name": "Anna", "age": 31}])

    reply = await extract("Anna, 31", Person, model=model)

    assert (reply.output.age, reply.requests) == (31, 2)


@configured
async def test_corrections_end(
    model: str, fake_provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    set_environment(LLM_OUTPUT_RETRIES="1")
    fake_provider.answers.extend([{"name": "Anna"}] * 5)

    with pytest.raises(InvalidOutput) as caught:
        await extract("Anna", Person, model=model)

    roles = [message["role"] for message in caught.value.details["transcript"]]
    assert len(fake_provider.requests) == 2
    assert roles[:4] == ["user", "assistant", "tool", "assistant"]


@configured
@pytest.mark.parametrize(("status", "error"), [(401, ModelKeyRejected), (500, ModelUnavailable)])
async def test_a_refusal_becomes_a_typed_error_without_the_key(
    model: str, fake_provider: FakeProvider, status: int, error: type[LLMError]
) -> None:
    fake_provider.answers.append(status)

    with pytest.raises(error) as caught:
        await complete("Say hello", model=model)

    assert "12345678" not in str(caught.value)


@configured
async def test_the_sdk_does_not_try_again_by_itself(model: str, fake_provider: FakeProvider) -> None:
    fake_provider.answers.extend([503] * 5)

    with pytest.raises(ModelUnavailable):
        await complete("Say hello", model=model)

    assert len(fake_provider.requests) == 1


@pytest.mark.parametrize("provider", SPEAKING_CHAT_COMPLETIONS)
async def test_text_streams_word_by_word(model: str) -> None:
    events = [event async for event in stream("Say hello", model=model)]

    assert [event.text for event in events if isinstance(event, TextDelta)] == ["Hello ", "there "]
    last = events[-1]
    assert isinstance(last, Reply)
    assert (last.output, last.output_tokens) == ("Hello there ", OUTPUT_TOKENS)


@configured
def test_the_only_key_there_is_chooses_the_model(model: str) -> None:
    assert default_model() == model


def test_without_any_key_the_offline_model_is_chosen() -> None:
    assert default_model() == "offline:demo"


@pytest.mark.parametrize("model", ["nonsense", "nonsense:gpt", "openai:", ":gpt", "offline:other"])
def test_what_is_no_model_is_refused_with_the_providers(model: str) -> None:
    with pytest.raises(ModelNotConfigured, match=r"openai, anthropic"):
        check_configured(model)


@configured
def test_a_missing_key_is_named(provider: str) -> None:
    with pytest.raises(ModelNotConfigured, match=PROVIDERS[provider].missing()[0]):
        check_configured(f"{provider}:some-model")


def test_a_missing_sdk_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = replace(PROVIDERS["anthropic"], sdk="not_installed.at_all")
    monkeypatch.setitem(PROVIDERS, "anthropic", absent)

    with pytest.raises(ModelNotConfigured, match=r"uv add 'pydantic-ai-slim\[anthropic\]'"):
        check_configured("anthropic:claude-haiku-4-5")


def test_the_offline_model_is_refused_in_production(set_environment: SetEnvironment) -> None:
    set_environment(ENVIRONMENT="production")

    with pytest.raises(ModelNotConfigured, match="refused"):
        check_configured("offline:demo")
