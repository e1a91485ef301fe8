"""What is counted and measured: each with its name, labels and buckets, as Prometheus wants them.

https://prometheus.io/docs/practices/naming/; where OpenTelemetry has a name for it, that one.
"""

import os
from dataclasses import dataclass
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.metrics import MetricWrapperBase

from app.metrics import files

_SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds of what people wait for."""
_LONG = (0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Seconds of what asks models."""
_REQUESTS = "http_server_request_duration_seconds"
_MODELS = "gen_ai_client_operation_duration_seconds"
_FIRST_TOKENS = "gen_ai_client_time_to_first_token_seconds"
_RETRIEVALS = "app_retrieval_duration_seconds"
_MOST_VALUES = 200
OTHER = "other"
"""Stands for further values of a label: some are the choice of models and callers."""


@dataclass(frozen=True)
class Instruments:
    """All that this process counts."""

    requests: Histogram
    runs: Histogram
    nodes: Histogram
    agents: Histogram
    tools: Histogram
    models: Histogram
    first_tokens: Histogram
    tokens: Counter
    cost: Counter
    retrievals: Histogram
    hits: Histogram
    guards: Counter
    exports: Counter


@cache
def instruments() -> Instruments:
    """Return what this process counts with; its numbers are in files that all processes read."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(files.folder())
    values.ValueClass = values.MultiProcessValue(files.process_name)  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()

    def seconds(name: str, what: str, *labels: str, buckets: tuple[float, ...] = _LONG) -> Histogram:
        return Histogram(name, f"Seconds: {what}.", labels, registry=registry, buckets=buckets)

    def counter(name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=registry)

    return Instruments(
        requests=seconds(_REQUESTS, "requests over HTTP", "method", "route", "status", buckets=_SHORT),
        runs=seconds("app_run_duration_seconds", "attempts of runs", "workflow", "error"),
        nodes=seconds("app_node_duration_seconds", "nodes of graphs", "workflow", "node", "error"),
        agents=seconds("app_agent_duration_seconds", "agents", "agent", "error"),
        tools=seconds("app_tool_duration_seconds", "tools", "tool", "error"),
        models=seconds(_MODELS, "requests to models and embedders", "operation", "model", "error"),
        first_tokens=seconds(_FIRST_TOKENS, "until an answer begins", "model", buckets=_SHORT),
        tokens=counter("gen_ai_client_tokens", "Tokens, to models and from them.", "model", "direction"),
        cost=counter("app_model_cost_dollars", "US dollars, where the price is known.", "model"),
        retrievals=seconds(_RETRIEVALS, "searches in documents", "profile", "error", buckets=_SHORT),
        hits=Histogram(
            "app_retrieval_hits",
            "Passages that a search has found.",
            ("profile",),
            registry=registry,
            buckets=(0, 1, 2, 5, 10, 20, 50),
        ),
        guards=counter("app_guardrail_decisions", "What guards have done.", "guard", "decision"),
        exports=counter("app_spans_exported", "Spans of traces.", "destination", "outcome"),
    )


_seen: dict[tuple[MetricWrapperBase, str], set[str]] = {}


def bounded(metric: MetricWrapperBase, **labels: object) -> dict[str, str]:
    """Return labels for a metric, none of which gets more than some hundred values."""
    return {
        name: _bounded(_seen.setdefault((metric, name), set()), str(value)) for name, value in labels.items()
    }


def _bounded(seen: set[str], value: str) -> str:
    if value not in seen and len(seen) >= _MOST_VALUES:
        return OTHER
    seen.add(value)
    return value
