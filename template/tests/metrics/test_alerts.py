"""Alerts and dashboards ask for numbers that there are."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields

import pytest
import yaml
from prometheus_client import Counter

from app.core.paths import ROOT
from app.metrics.gauges import gauges
from app.metrics.instruments import instruments

MONITORING = ROOT / "deploy" / "monitoring"
RULES = [
    rule
    for file in sorted((MONITORING / "alerts").glob("*.rules.yml"))
    for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
PANELS = [
    panel
    for file in sorted((MONITORING / "grafana" / "dashboards").glob("*.json"))
    for panel in json.loads(file.read_text(encoding="utf-8"))["panels"]
]
QUERIES = [
    *[(rule.get("alert") or rule["record"], rule["expr"]) for rule in RULES],
    *[(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]],
]
OURS = re.compile(r"\b(?:app|gen_ai|http_server)[a-z0-9_:]+(?=[{\[ )]|$)")


async def names() -> set[str]:
    """Return the names of all numbers that there are: of `/metrics`, and of rules that record."""
    return {
        *_counted(),
        *[gauge.name for gauge in await gauges()],
        *[r["record"] for r in RULES if "record" in r],
    }


def _counted() -> Iterator[str]:
    for field in fields(instruments()):
        metric = getattr(instruments(), field.name)
        (described,) = metric.describe()
        suffixes = ("_total",) if isinstance(metric, Counter) else ("_bucket", "_count", "_sum")
        yield from (f"{described.name}{suffix}" for suffix in suffixes)


@pytest.mark.usefixtures("database", "metrics_folder")
@pytest.mark.parametrize(("title", "query"), QUERIES, ids=[title for title, _ in QUERIES])
async def test_what_a_query_asks_for_is_there(title: str, query: str) -> None:
    asked = set(OURS.findall(query))

    assert asked - await names() == set(), title


def test_queries_ask_for_numbers_of_the_application() -> None:
    assert sum(bool(OURS.search(query)) for _, query in QUERIES) > 20


def test_the_runbook_has_every_alert_and_no_other() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    section = text.split("## Alerts\n")[1].split("\n## ")[0]
    written = dict(re.findall(r"^### (\w+)\n\n\*\*(page|ticket|none)\.\*\*", section, re.MULTILINE))

    assert written == {rule["alert"]: rule["labels"]["severity"] for rule in RULES if "alert" in rule}
