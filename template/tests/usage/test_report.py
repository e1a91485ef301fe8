"""`GET /v1/usage` and `app usage`."""

import json
from decimal import Decimal

import pytest
from httpx2 import AsyncClient

from app.api import create_key
from app.llm import Taken
from app.usage import repository
from app.usage.budgets import Account
from tests.commands import run_app
from tests.conftest import SetEnvironment

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def mine(anonymous: AsyncClient) -> str:
    """A key of the client that may read its own usage; another has spent too."""
    key = await create_key("me", ["usage:read"])
    anonymous.headers["Authorization"] = f"Bearer {key.text}"
    caller = f"key:{key.id}"
    for name, workflow, dollars in [
        (caller, "report", "0.25"),
        (caller, "", "0.5"),
        ("key:other", "report", "8"),
    ]:
        await repository.settle(
            Account(name, workflow), "openai:gpt-5-mini", Taken(10, 20, Decimal(dollars)), None
        )
    return caller


async def test_a_key_sees_what_it_has_taken_and_nothing_of_others(anonymous: AsyncClient, mine: str) -> None:
    found = (await anonymous.get("/v1/usage", params={"by": ["caller", "workflow"]})).json()

    assert [(item["caller"], item["workflow"], item["cost"]) for item in found["items"]] == [
        (mine, "", "0.50000000"),
        (mine, "report", "0.25000000"),
    ]


async def test_with_the_right_to_all_it_sees_all(client: AsyncClient, mine: str) -> None:
    client.headers["Authorization"] = f"Bearer {(await create_key('boss', ['usage:read:all'])).text}"

    found = (await client.get("/v1/usage", params={"by": "caller"})).json()

    assert [item["caller"] for item in found["items"]] == ["key:other", mine]


async def test_its_budget_is_shown(
    anonymous: AsyncClient, mine: str, set_environment: SetEnvironment
) -> None:
    set_environment(BUDGET_PER_KEY="2")

    found = (await anonymous.get("/v1/usage")).json()

    assert found["budgets"] == [
        {"kind": "key", "name": mine, "limit": "2", "spent": "0.75000000", "reserved": "0"}
    ]


WRONG = [
    {"by": "moon"},
    {"since": "yesterday"},
    {"since": "2026-02-30"},
    {"since": "2026-02-02", "until": "2026-02-01"},
]


@pytest.mark.parametrize("query", WRONG)
async def test_a_wrong_question_is_refused(query: dict[str, str], anonymous: AsyncClient, mine: str) -> None:
    del mine

    answer = await anonymous.get("/v1/usage", params=query)

    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_without_the_scope_it_is_refused(anonymous: AsyncClient) -> None:
    key = await create_key("me", ["runs:read"])

    answer = await anonymous.get("/v1/usage", headers={"Authorization": f"Bearer {key.text}"})

    assert answer.status_code == 403


async def test_the_command_shows_a_table(mine: str, database: str) -> None:
    shown = run_app(
        "usage", "--by", "caller", "--by", "model", DATABASE_URL=database, BUDGET_TOTAL="10"
    ).stdout

    assert [line.split() for line in shown.splitlines()] == [
        ["caller", "model", "requests", "tokens", "in", "tokens", "out", "US", "dollars"],
        ["key:other", "openai:gpt-5-mini", "1", "10", "20", "8.000000"],
        [mine, "openai:gpt-5-mini", "2", "20", "40", "0.750000"],
        ["Budget", "of", "all:", "$8.7500", "of", "$10", "are", "spent", "today,", "$0.0000", "reserved."],
    ]


async def test_the_command_prints_json(mine: str, database: str) -> None:
    del mine

    found = json.loads(run_app("usage", "--by", "workflow", "--json", DATABASE_URL=database).stdout)

    assert {item["workflow"]: item["requests"] for item in found["items"]} == {"report": 2, "": 1}
