"""`GET /metrics`, read by Prometheus' own parser."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from httpx2 import AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from app.api import create_key
from app.core.errors import ConfigurationError, NotFound
from app.core.paths import ROOT
from app.core.scope import in_scope
from app.core.spans import span
from app.llm import complete, stream
from app.metrics import files
from app.observability import pipeline
from tests.conftest import SetEnvironment
from tests.llm.fake_provider import INPUT_TOKENS, FakeProvider

pytestmark = pytest.mark.usefixtures("database", "metrics_folder")

Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def values(client: AsyncClient) -> Values:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def key(metric: str, /, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return metric, frozenset(labels.items())


async def test_a_request_is_counted_by_its_route_not_its_path(client: AsyncClient) -> None:
    for number in range(3):
        await client.get(f"/v1/runs/0199{number:04}-0000-7000-8000-000000000000")
    await client.get("/no/such/path")

    found = await values(client)
    name = "http_server_request_duration_seconds_count"
    assert found[key(name, method="GET", route="/v1/runs/{run_id}", status="404")] == 3
    assert found[key(name, method="GET", route="", status="404")] == 1
    assert (
        found[
            key(
                "http_server_request_duration_seconds_bucket", method="GET", route="", status="404", le="+Inf"
            )
        ]
        == 1
    )


async def test_a_probe_is_not_counted(client: AsyncClient) -> None:
    await client.get("/health/live")

    assert not [name for name, labels in await values(client) if ("route", "/health/live") in labels]


async def test_a_model_call_is_counted_with_its_tokens_and_cost(
    client: AsyncClient, provider: FakeProvider
) -> None:
    del provider
    with in_scope(run_id="r1"):
        reply = await complete("Hello")
        async for _ in stream("Hello"):
            pass

    found = await values(client)

    model = {"model": "gpt-4.1-mini"}
    operation = "gen_ai_client_operation_duration_seconds_count"
    assert found[key(operation, operation="chat", error="", **model)] == 2
    assert found[key("gen_ai_client_tokens_total", direction="input", **model)] == 2 * INPUT_TOKENS
    assert found[key("app_model_cost_dollars_total", **model)] == pytest.approx(2 * float(reply.cost or 0))
    assert found[key("gen_ai_client_time_to_first_token_seconds_count", **model)] == 1


SPANS = [
    ("run", {}, "app_run_duration_seconds_count", {"workflow": "w"}),
    ("node", {}, "app_node_duration_seconds_count", {"workflow": "w", "node": "loop.draft"}),
    ("agent", {"agent": "a"}, "app_agent_duration_seconds_count", {"agent": "a"}),
    ("tool", {"tool": "t"}, "app_tool_duration_seconds_count", {"tool": "t"}),
    ("retrieval", {"profile": "p", "hits": 3}, "app_retrieval_duration_seconds_count", {"profile": "p"}),
    (
        "embedding",
        {"model": "m"},
        "gen_ai_client_operation_duration_seconds_count",
        {"operation": "embeddings", "model": "m"},
    ),
]


@pytest.mark.parametrize(("name", "fields", "metric", "labels"), SPANS)
async def test_a_piece_of_work_is_counted_with_how_it_ended(
    name: str, fields: dict[str, str], metric: str, labels: dict[str, str], client: AsyncClient
) -> None:
    with in_scope(run_id="r1", workflow="w", node="loop[2].draft"):
        with span(name, **fields):
            pass
        with pytest.raises(NotFound), span(name, **fields):
            raise NotFound("gone")

    found = await values(client)

    assert found[key(metric, error="", **labels)] == 1
    assert found[key(metric, error="not-found", **labels)] == 1


async def test_what_a_guard_decides_is_counted(client: AsyncClient) -> None:
    with in_scope(run_id="r1"), span("guard", guard="injection", decision="refused", kind="override"):
        pass

    found = await values(client)

    assert found[key("app_guardrail_decisions_total", guard="injection", decision="refused")] == 1


async def test_a_label_has_a_bounded_number_of_values(client: AsyncClient) -> None:
    with in_scope(run_id="r1"):
        for number in range(300):
            with span("tool", tool=f"made-up-{number}"):
                pass

    found = await values(client)

    counts = {k: value for k, value in found.items() if k[0] == "app_tool_duration_seconds_count"}
    assert len(counts) == 201
    assert counts[key("app_tool_duration_seconds_count", tool="other", error="")] == 100


_ANOTHER = """
from app.core.scope import in_scope
from app.core.spans import span
with in_scope(run_id="r1"):
    for _ in range({times}):
        with span("tool", tool="clock"):
            pass
"""


def another_process(times: int) -> None:
    subprocess.run([sys.executable, "-c", _ANOTHER.format(times=times)], check=True, cwd=ROOT, timeout=60)


async def test_what_other_processes_have_counted_is_added_and_stays_when_they_end(
    client: AsyncClient,
) -> None:
    with in_scope(run_id="r1"), span("tool", tool="clock"):
        pass
    another_process(2)
    another_process(3)

    found = await values(client)

    assert found[key("app_tool_duration_seconds_count", tool="clock", error="")] == 6


async def test_the_first_process_of_a_new_life_begins_at_zero(client: AsyncClient) -> None:
    another_process(2)
    another_process(3)

    found = await values(client)

    assert key("app_tool_duration_seconds_count", tool="clock", error="") not in found


async def test_runs_and_the_queue_are_looked_up(client: AsyncClient, broker: str) -> None:
    del broker
    await client.post("/v1/runs", json={"workflow": "echo_summary", "input": {"text": "One two three"}})

    found = await values(client)

    assert found[key("app_runs", status="queued")] == 1
    assert found[key("app_runs", status="failed")] == 0
    assert found[key("app_queue_length")] == 1
    assert 0 <= found[key("app_queue_oldest_seconds")] < 60


async def test_budgets_are_looked_up(client: AsyncClient, set_environment: SetEnvironment) -> None:
    set_environment(BUDGET_TOTAL="5")

    found = await values(client)

    assert found[key("app_budget_limit_dollars", kind="total", name="")] == 5
    assert found[key("app_budget_used_dollars", kind="total", name="")] == 0


async def test_without_the_database_the_rest_is_still_there(
    anonymous: AsyncClient, set_environment: SetEnvironment
) -> None:
    set_environment(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing", API_KEYS_REQUIRED="false")
    with in_scope(run_id="r1"), span("tool", tool="clock"):
        pass

    found = await values(anonymous)

    assert found[key("app_database_up")] == 0
    assert found[key("app_tool_duration_seconds_count", tool="clock", error="")] == 1
    assert key("app_queue_length") not in found


@pytest.mark.parametrize(("scopes", "status"), [(["runs:read"], 403), (["metrics:read"], 200)])
async def test_it_needs_its_scope(scopes: list[str], status: int, anonymous: AsyncClient) -> None:
    made = await create_key("prometheus", scopes)

    answer = await anonymous.get("/metrics", headers={"Authorization": f"Bearer {made.text}"})

    assert answer.status_code == status


async def test_what_embedders_take_is_counted(client: AsyncClient) -> None:
    with in_scope(run_id="r1"), span("embedding", model="m") as piece:
        piece.set(input_tokens=7, cost=Decimal("0.5"))

    found = await values(client)

    assert found[key("gen_ai_client_tokens_total", model="m", direction="input")] == 7
    assert found[key("app_model_cost_dollars_total", model="m")] == 0.5


@pytest.mark.parametrize("outcome", ["sent", "lost"])
async def test_spans_that_a_collector_took_or_did_not_take_are_counted(
    outcome: str, client: AsyncClient, collector_url: str, set_environment: SetEnvironment
) -> None:
    url = collector_url if outcome == "sent" else "http://127.0.0.1:9"
    set_environment(OTEL_EXPORTER_OTLP_ENDPOINT=url)
    with in_scope(run_id="r1"), span("tool", tool="clock"):
        pass
    pipeline.flush()

    found = await values(client)

    assert found[key("app_spans_exported_total", destination="otlp", outcome=outcome)] == 1


def test_a_folder_that_cannot_be_used_is_refused_before_the_start(
    tmp_path: Path, set_environment: SetEnvironment
) -> None:
    (tmp_path / "file").write_text("no folder")
    set_environment(METRICS_ENABLED="true", METRICS_FOLDER=str(tmp_path / "file" / "metrics"))

    with pytest.raises(ConfigurationError, match="METRICS_FOLDER"):
        files.check_folder()


def test_a_command_leaves_no_numbers(metrics_folder: Path) -> None:
    with span("tool", tool="clock"):
        pass

    assert list(metrics_folder.iterdir()) == []
