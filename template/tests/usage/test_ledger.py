"""What models take is entered for whom and for what they work, and a budget stops in time."""

import asyncio
from contextlib import aclosing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.core.scope import in_scope
from app.llm import Taken, TextDelta, complete, stream
from app.llm.errors import ModelUnavailable
from app.usage import repository
from app.usage.budgets import Account, DailyBudget
from app.usage.columns import Column
from app.usage.errors import SpendingLimitReached
from app.usage.models import UsageReservation
from tests.commands import run_app
from tests.conftest import SetEnvironment
from tests.llm.fake_provider import INPUT_TOKENS, OUTPUT_TOKENS, FakeProvider

MODEL = "openai:gpt-4.1-mini"
COST = Decimal("0.4") * INPUT_TOKENS / 1_000_000 + Decimal("1.6") * OUTPUT_TOKENS / 1_000_000
"""US dollars of an answer, by the price list."""

pytestmark = pytest.mark.usefixtures("database")


async def items(*by: str, caller: str | None = None) -> list[dict[str, Any]]:
    return await repository.add_up(date(2000, 1, 1), date(2100, 1, 1), list(map(Column, by)), caller, 100)


async def test_a_request_is_entered_for_its_caller_workflow_model_and_day(provider: FakeProvider) -> None:
    del provider
    with in_scope(run_id="r1", caller="key:a", workflow="report"):
        await complete("Hello")
        await complete("Hello again")

    assert await items("day", "caller", "workflow", "model") == [
        {
            "day": datetime.now(UTC).date(),
            "caller": "key:a",
            "workflow": "report",
            "model": MODEL,
            "requests": 2,
            "unpriced": 0,
            "input_tokens": 2 * INPUT_TOKENS,
            "output_tokens": 2 * OUTPUT_TOKENS,
            "cost": 2 * COST,
        }
    ]


async def test_a_command_on_this_machine_needs_no_database(
    provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    set_environment(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing", BUDGET_TOTAL="0")

    reply = await complete("Hello")

    assert reply.output == "Hello there"
    assert len(provider.requests) == 1


async def test_a_request_that_fails_costs_nothing(
    provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    set_environment(BUDGET_TOTAL="1")
    provider.answers.append(500)
    with in_scope(request_id="q1"), pytest.raises(ModelUnavailable):
        await complete("Hello")

    assert await items() == []
    (used,) = await repository.used_today([DailyBudget("total", "", Decimal(1))])
    assert used.cost == 0


async def test_a_stream_that_is_left_is_entered(
    provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    del provider
    set_environment(BUDGET_TOTAL="1")
    with in_scope(request_id="q1"):
        async with aclosing(stream("Hello")) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break

    (found,) = await items("model")
    assert (found["model"], found["requests"]) == (MODEL, 1)
    assert found["cost"] > 0
    (used,) = await repository.used_today([DailyBudget("total", "", Decimal(1))])
    assert used.reserved == 0


async def test_an_answer_does_not_fail_because_its_cost_cannot_be_entered(
    provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    del provider
    set_environment(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    with in_scope(request_id="q1"), capture_logs() as lines:
        reply = await complete("Hello")

    assert reply.output == "Hello there"
    assert [line["event"] for line in lines] == ["usage.not_entered"]
    assert lines[0]["model"] == MODEL


async def test_with_a_budget_nothing_is_asked_without_the_ledger(
    provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    set_environment(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing", BUDGET_TOTAL="1")
    with in_scope(request_id="q1"), pytest.raises(Exception, match="does not answer"):
        await complete("Hello")

    assert provider.requests == []


LIMITS = [
    ({"BUDGET_TOTAL": "0"}, "This service may spend"),
    ({"BUDGET_PER_KEY": "0"}, "This key may spend"),
    ({"BUDGET_PER_WORKFLOW": "0"}, "The workflow report may spend"),
    ({"BUDGET_PER_KEY": "9", "BUDGET_OF_KEYS": '{"key:a": 0}'}, "This key may spend"),
    ({"BUDGET_PER_WORKFLOW": "9", "BUDGET_OF_WORKFLOWS": '{"report": 0}'}, "The workflow report may spend"),
]


async def test_a_caller_is_not_told_what_others_have_spent(
    provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    del provider
    await repository.settle(Account("key:b", ""), MODEL, Taken(1, 1, Decimal("7.25")), None)
    set_environment(BUDGET_TOTAL="7")
    with (
        in_scope(run_id="r1", caller="key:a"),
        capture_logs() as lines,
        pytest.raises(SpendingLimitReached) as error,
    ):
        await complete("Hello")

    assert "7" not in error.value.detail
    assert [(line["event"], Decimal(line["used"])) for line in lines] == [("budget.refused", Decimal("7.25"))]


@pytest.mark.parametrize(("settings", "says"), LIMITS)
async def test_a_budget_that_is_used_up_stops_before_the_model_is_asked(
    settings: dict[str, str], says: str, provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    set_environment(**settings)
    with (
        in_scope(run_id="r1", caller="key:a", workflow="report"),
        pytest.raises(SpendingLimitReached) as error,
    ):
        await complete("Hello")

    assert (error.value.code, error.value.status) == ("spending-limit-reached", 402)
    assert says in error.value.detail
    assert provider.requests == []


OTHERS = [
    ({"BUDGET_OF_KEYS": '{"key:other": 0}'}, "key:a"),
    ({"BUDGET_PER_KEY": "0", "BUDGET_OF_KEYS": '{"key:a": 1}'}, "key:a"),
    ({"BUDGET_PER_KEY": "0"}, None),
]


@pytest.mark.parametrize(("settings", "caller"), OTHERS)
async def test_the_budget_of_another_stops_nobody(
    settings: dict[str, str], caller: str | None, provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    del provider
    set_environment(**settings)
    with in_scope(run_id="r1", caller=caller):
        assert (await complete("Hello")).output == "Hello there"


async def test_calls_at_the_same_time_never_spend_more_than_the_budget(
    provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    """Each costs $0.0000092, and may cost a little more: how long it is is estimated."""
    provider.delay = 0.05
    limit = Decimal("0.00016")
    set_environment(LLM_MAX_OUTPUT_TOKENS="3", BUDGET_PER_KEY=str(limit))

    async def ask() -> bool:
        with in_scope(request_id="q1", caller="key:a"):
            try:
                await complete("Hello")
            except SpendingLimitReached:
                return False
            return True

    answered = await asyncio.gather(*(ask() for _ in range(40)))

    (found,) = await items()
    assert found["cost"] <= limit
    assert found["requests"] == sum(answered) == len(provider.requests)
    assert 0 < sum(answered) <= limit / COST


async def test_what_was_reserved_and_not_used_is_there_for_the_next(
    provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    set_environment(BUDGET_TOTAL="0.005", BUDGET_ANSWER_TOKENS="3000")  # an answer may cost $0.0048
    with in_scope(request_id="q1"):
        for _ in range(3):
            await complete("Hello")

    assert len(provider.requests) == 3


async def test_a_reservation_whose_process_has_died_ends(
    set_environment: SetEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    del set_environment
    budget = DailyBudget("total", "", Decimal(1))
    monkeypatch.setattr(repository, "_LIFETIME", timedelta(seconds=-1))
    lost, _ = await repository.reserve(Account("key:a", ""), Decimal(1), [budget])
    monkeypatch.undo()

    found, used = await repository.reserve(Account("key:b", ""), Decimal(1), [budget])

    assert lost
    assert found
    assert used[0].reserved == 0


async def test_what_was_spent_yesterday_leaves_today_alone() -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    account, budget = Account("key:a", ""), DailyBudget("key", "key:a", Decimal(1))
    reservation = UsageReservation(day=yesterday, caller="key:a", workflow="", cost=1, expires_at=None)
    await repository.settle(account, MODEL, Taken(1, 1, Decimal(5)), reservation)

    found, used = await repository.reserve(account, Decimal(1), [budget])

    assert found
    assert used[0].cost == 0
    assert [item["day"] for item in await items("day")] == [yesterday]


async def test_the_request_that_nearly_uses_a_budget_up_is_in_the_log(
    provider: FakeProvider, set_environment: SetEnvironment
) -> None:
    del provider
    set_environment(BUDGET_TOTAL="0.005", BUDGET_ANSWER_TOKENS="3000")
    with in_scope(request_id="q1"), capture_logs() as lines:
        await complete("Hello")

    assert [(line["event"], line["budget"]) for line in lines] == [("budget.nearly_used", "total")]


async def test_a_model_without_a_price_is_counted(
    set_environment: SetEnvironment, provider: FakeProvider
) -> None:
    del provider
    set_environment(LLM_MODEL="openai:our-own-model")
    with in_scope(request_id="q1"):
        await complete("Hello")

    (found,) = await items()
    assert (found["requests"], found["unpriced"], found["cost"]) == (1, 1, 0)


def test_a_budget_that_is_no_json_is_refused_by_name(database: str) -> None:
    result = run_app("usage", DATABASE_URL=database, BUDGET_OF_KEYS="key:a=3")

    assert result.returncode == 1
    assert "BUDGET_OF_KEYS" in result.stderr
    assert "Traceback" not in result.stderr
