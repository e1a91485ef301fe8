import asyncio
import sys

import pytest
from httpx2 import AsyncClient
from sqlalchemy import select

from app.api import create_key, rates
from app.api.models import RateWindow
from app.api.rates import take
from app.core.paths import ROOT
from app.db import transaction
from tests.conftest import SetEnvironment

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("database")]

TAKE_THIRTY = """
import asyncio
from app.api.rates import take

async def main():
    quotas = [await take("shared", 40) for _ in range(30)]
    print(sum(not quota.refused for quota in quotas))

asyncio.run(main())
"""


async def test_a_request_too_many_is_refused_and_says_when_to_come_back(
    client: AsyncClient, set_environment: SetEnvironment
) -> None:
    set_environment(API_RATE_LIMIT="3")

    *_, last, refused = [await client.get("/v1/runs") for _ in range(4)]

    assert (last.status_code, last.headers["ratelimit-limit"]) == (200, "3")
    assert last.headers["ratelimit-remaining"] == "0"
    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-reset"] == refused.headers["retry-after"]


@pytest.mark.usefixtures("endless_minute")
async def test_a_key_may_have_a_limit_of_its_own(client: AsyncClient) -> None:
    key = await create_key("small", ["runs:read"], rate_limit=1)
    headers = {"Authorization": f"Bearer {key.text}"}

    answers = [await client.get("/v1/runs", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]


@pytest.mark.usefixtures("endless_minute")
async def test_one_caller_does_not_use_up_what_another_has() -> None:
    used_up = [await take("first", 1) for _ in range(2)][-1]

    assert used_up.refused
    assert not (await take("second", 1)).refused


@pytest.fixture
def endless_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no minute end in the middle of a test."""
    monkeypatch.setattr(rates, "_SECONDS", 10**12)


@pytest.mark.parametrize("limit", [5, 1000])
@pytest.mark.usefixtures("endless_minute")
async def test_requests_at_the_same_time_are_all_counted(limit: int) -> None:
    quotas = await asyncio.gather(*(take("caller", limit) for _ in range(limit + 10)))

    assert sum(not quota.refused for quota in quotas) == limit


@pytest.mark.usefixtures("endless_minute")
async def test_a_burst_takes_no_more_blocks_than_it_needs() -> None:
    await asyncio.gather(*(take("in a burst", 1000) for _ in range(25)))

    async with transaction() as session:
        used = await session.scalar(select(RateWindow.used).where(RateWindow.caller == "in a burst"))
    assert used == 30


@pytest.mark.usefixtures("endless_minute")
async def test_whoever_leaves_does_not_end_what_others_wait_for() -> None:
    first, second = (asyncio.create_task(take("one who leaves", 1000)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()

    assert not (await second).refused


async def test_two_processes_share_one_limit(database: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", TAKE_THIRTY, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(2)
    ]
    printed = [(await process.communicate())[0] for process in processes]

    # a minute may end between the two: then each has its own limit
    assert sum(map(int, printed)) in {40, 60}


@pytest.mark.parametrize(
    ("environment", "limit", "expected"),
    [("production", "", "600"), ("development", "", None), ("production", "0", None), ("test", "7", "7")],
)
async def test_production_has_a_limit_unless_told_otherwise(
    environment: str,
    limit: str,
    expected: str | None,
    client: AsyncClient,
    set_environment: SetEnvironment,
) -> None:
    set_environment(ENVIRONMENT=environment, API_RATE_LIMIT=limit)

    response = await client.get("/v1/runs")

    assert response.headers.get("ratelimit-limit") == expected
