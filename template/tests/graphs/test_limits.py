"""What limits a node and a graph have, and what happens at them."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from app.core.errors import ServiceUnavailable, TimedOut
from app.graphs import (
    Context,
    ForEach,
    Function,
    Node,
)
from app.graphs.errors import NodeTimedOut
from app.graphs.nodes import Do
from app.llm.errors import BudgetExceeded
from tests.graphs.factories import (
    COUNT,
    KeptSteps,
    Number,
    Text,
    add_one,
    graph_of,
)


async def test_a_node_is_tried_again_after_a_retryable_error() -> None:
    tries = 0

    def fragile(input: Text) -> Number:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ServiceUnavailable("down")
        return Number(number=tries)

    assert (await graph_of(Function(name="f", call=fragile, attempts=3)).execute(Text(text=""))).number == 3


async def test_a_node_that_takes_too_long_is_named() -> None:
    async def sleep(input: Text) -> Number:
        await asyncio.sleep(60)
        return Number(number=0)

    with pytest.raises(NodeTimedOut, match="'sleepy'"):
        await graph_of(Function(name="sleepy", call=sleep, time_limit=0.01)).execute(Text(text=""))


class Costly(Node):
    """A node whose model call has cost a dollar."""

    @property
    def produces(self) -> Any:
        return Number

    async def run(self, context: Context, do: Do) -> Number:
        del do
        context.cost += Decimal(1)
        return Number(number=1)


async def test_a_node_that_costs_too_much_is_named() -> None:
    with pytest.raises(BudgetExceeded, match="'costly'"):
        await graph_of(Costly(name="costly", max_cost=Decimal("0.5"))).execute(Text(text=""))


async def test_what_was_paid_in_an_earlier_attempt_counts() -> None:
    spent: list[Decimal] = []

    def look(costly: Number, context: Context) -> Number:
        spent.append(context.budget.spent.cost)
        return costly

    steps = KeptSteps()
    graph = graph_of(Costly(name="costly"), Function(name="look", call=look))
    await graph.execute(Text(text=""), steps)
    del steps.kept["look"]

    await graph.execute(Text(text=""), steps)

    assert spent == [Decimal(0), Decimal(1)]


async def test_a_workflow_has_a_time_limit() -> None:
    async def sleep(count: Number) -> Number:
        await asyncio.sleep(60)
        return count

    graph = graph_of(COUNT, Function(name="sleep", call=sleep), time_limit=0.05)

    with pytest.raises(TimedOut, match=r"'test' took longer than 0\.05 seconds"):
        await graph.execute(Text(text="a"))


async def test_a_limit_of_cost_stops_what_has_not_begun() -> None:
    begun: list[int] = []

    class Costly(Node):
        @property
        def produces(self) -> Any:
            return int

        async def run(self, context: Context, do: Do) -> int:
            del do
            begun.append(1)
            context.cost += Decimal("0.10")
            return 1

    def eight(count: Number) -> list[int]:
        return [count.number] * 8

    graph = graph_of(
        COUNT,
        ForEach(
            name="each", over=eight, node=Costly(name="costly"), max_concurrency=1, max_cost=Decimal("0.15")
        ),
        Function(name="end_", call=add_one),
    )

    with pytest.raises(BudgetExceeded):
        await graph.execute(Text(text="a"))
    assert len(begun) == 2
