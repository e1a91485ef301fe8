"""What Langfuse is told: a local server that speaks OTLP stands for it."""

import json
from base64 import b64decode
from typing import Any

import pytest

from app.core.errors import ConfigurationError
from app.core.scope import in_scope
from app.core.spans import span
from app.llm import complete
from app.observability.pipeline import flush
from app.observability.settings import check_traces
from tests.conftest import SetEnvironment
from tests.observability.fixtures import Collector


@pytest.fixture
def langfuse(collector_url: str, set_environment: SetEnvironment) -> type[Collector]:
    """Send spans to what stands for Langfuse. The headers are those of another collector."""
    set_environment(
        OTEL_EXPORTER_OTLP_HEADERS="x-api-key=of-another",
        LANGFUSE_PUBLIC_KEY="pk-lf-1",
        LANGFUSE_SECRET_KEY="sk-lf-2",
        LANGFUSE_HOST=f"{collector_url}/",
        LANGFUSE_RELEASE="4f2a",
    )
    return Collector


def attributes(span: Any) -> dict[str, str]:
    return {each.key: each.value.string_value for each in span.attributes}


async def test_a_call_of_a_model_is_a_generation_with_its_tokens_cost_and_messages(
    langfuse: type[Collector],
) -> None:
    with in_scope(workflow="assistant", conversation="c1", caller="key:1"):
        await complete("Write to jane@example.com", model="offline:demo")

    flush()
    ((sent, headers),) = langfuse.spans
    found = attributes(sent)
    assert langfuse.paths == ["/api/public/otel/v1/traces"]
    assert b64decode(headers["authorization"].removeprefix("Basic ")) == b"pk-lf-1:sk-lf-2"
    assert headers["x-langfuse-ingestion-version"] == "4"
    assert "of-another" not in headers.values()
    assert found["langfuse.observation.type"] == "generation"
    assert found["langfuse.trace.name"] == "assistant"
    assert (found["session.id"], found["user.id"]) == ("c1", "key:1")
    assert (found["langfuse.environment"], found["langfuse.release"]) == ("test", "4f2a")
    assert json.loads(found["langfuse.observation.usage_details"])["input"] > 0
    assert json.loads(found["langfuse.observation.cost_details"]) == {"total": 0}
    assert "Write to [EMAIL_1]" in found["langfuse.observation.input"]
    assert "assistant" in found["langfuse.observation.output"]


@pytest.mark.parametrize(
    ("name", "fields", "kind"),
    [
        ("agent", {"agent": "a"}, "agent"),
        ("tool", {"tool": "t"}, "tool"),
        ("retrieval", {}, "retriever"),
        ("embedding", {"model": "m"}, "embedding"),
        ("run", {}, "span"),
    ],
)
def test_what_it_is_in_langfuses_words(
    name: str, fields: dict[str, str], kind: str, langfuse: type[Collector]
) -> None:
    with span(name, **fields):
        pass

    flush()
    assert attributes(langfuse.spans[0][0])["langfuse.observation.type"] == kind


@pytest.mark.parametrize("given", ["LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY"])
def test_half_of_the_keys_is_refused(given: str, set_environment: SetEnvironment) -> None:
    set_environment(**{given: "lf-key"})

    with pytest.raises(ConfigurationError, match="LANGFUSE"):
        check_traces()


def test_without_keys_nothing_is_sent(collector_url: str, set_environment: SetEnvironment) -> None:
    set_environment(LANGFUSE_HOST=collector_url)
    with span("run"):
        pass

    flush()
    assert Collector.paths == []
