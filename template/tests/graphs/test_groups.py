"""What nodes do that run others."""

import asyncio

import pytest

from app.core.errors import AppError
from app.graphs import (
    Branches,
    Context,
    ForEach,
    Function,
    Loop,
    SubGraph,
)
from app.graphs.errors import LoopDidNotConverge
from tests.graphs.factories import (
    COUNT,
    Down,
    Number,
    Text,
    add_one,
    double,
    graph_of,
    grow,
    is_enough,
    is_long,
)


async def test_a_node_may_write_the_output_of_an_earlier_one_anew() -> None:
    def doubled(count: Number) -> Number:
        return Number(number=count.number * 2)

    def result(count: Number) -> Number:
        return count

    graph = graph_of(
        COUNT,
        Loop(
            name="grow",
            nodes=[Function(name="double", call=doubled, output="count")],
            until=is_long,
            max_rounds=9,
        ),
        Function(name="result", call=result),
    )

    assert (await graph.execute(Text(text="a"))).number == 4


async def test_the_list_of_a_for_each_may_be_the_output_of_a_node() -> None:
    def words(input: Text) -> list[str]:
        return input.text.split()

    def length(item: str) -> int:
        return len(item)

    def total(lengths: list[int]) -> Number:
        return Number(number=sum(lengths))

    graph = graph_of(
        Function(name="split", call=words, output="words"),
        ForEach(name="measure", over="words", node=Function(name="length", call=length), output="lengths"),
        Function(name="total", call=total),
    )

    assert (await graph.execute(Text(text="a bb"))).number == 3


async def test_each_item_is_worked_on_at_the_same_time_and_in_order() -> None:
    at_work, most = 0, 0

    def words(input: Text) -> list[str]:
        return input.text.split()

    async def length(item: str) -> int:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1
        return len(item)

    def total(lengths: list[int]) -> Number:
        return Number(number=int("".join(map(str, lengths))))

    graph = graph_of(
        ForEach(name="lengths", over=words, node=Function(name="length", call=length), max_concurrency=2),
        Function(name="total", call=total),
    )

    assert (await graph.execute(Text(text="a bb ccc dddd"))).number == 1234
    assert most == 2


async def test_branches_run_side_by_side_and_later_nodes_read_each() -> None:
    def total(double: Number, add_one: Number) -> Number:
        return Number(number=double.number + add_one.number)

    graph = graph_of(
        COUNT,
        Branches(
            name="both",
            nodes=[Function(name="double", call=double), Function(name="add_one", call=add_one)],
        ),
        Function(name="total", call=total),
    )

    assert (await graph.execute(Text(text="abc"))).number == 10


async def test_when_one_branch_fails_the_others_are_stopped() -> None:
    stopped = False

    async def wait() -> int:
        nonlocal stopped
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped = True
            raise
        return 0

    async def fail() -> int:
        raise AppError("broken")

    graph = graph_of(
        Branches(name="both", nodes=[Function(name="wait", call=wait), Function(name="fail", call=fail)]),
        COUNT,
    )

    with pytest.raises(AppError, match="broken"):
        await graph.execute(Text(text=""))

    assert stopped


async def test_a_loop_ends_when_the_result_is_good_enough() -> None:
    graph = graph_of(
        Loop(name="loop", nodes=[Function(name="grown", call=grow)], until=is_enough, max_rounds=9)
    )

    assert (await graph.execute(Text(text="ab"))).number == 5


async def test_a_loop_ends_at_its_bound_and_says_so() -> None:
    noted: list[str] = []

    def look(grown: Number, context: Context) -> Number:
        noted.extend(context.notes)
        return grown

    graph = graph_of(
        Loop(name="loop", nodes=[Function(name="grown", call=grow)], until=is_enough, max_rounds=2),
        Function(name="look", call=look),
    )

    assert (await graph.execute(Text(text="a"))).number == 3
    assert noted == ["loop: not good enough after 2 rounds"]


async def test_a_loop_that_must_settle_fails_at_its_bound() -> None:
    body = [Function(name="grown", call=grow)]
    graph = graph_of(Loop(name="loop", nodes=body, until=is_enough, max_rounds=2, raise_at_limit=True))

    with pytest.raises(LoopDidNotConverge, match="2 rounds"):
        await graph.execute(Text(text="a"))


async def test_another_workflow_is_a_node() -> None:
    def give(input: Text) -> Text:
        return Text(text=input.text * 2)

    inner = graph_of(COUNT)

    assert (
        await graph_of(SubGraph(name="sub", graph=inner, input=give)).execute(Text(text="abc"))
    ).number == 6


async def test_a_loop_may_be_asked_in_the_middle_of_a_round() -> None:
    def measure(count: Number, again: Number | None) -> Number:
        return again or count

    def again(measure: Number) -> Number:
        return Number(number=measure.number * 2)

    def is_enough(measure: Number) -> bool:
        return measure.number > 3

    def finish(measure: Number, again: Number | None) -> Number:
        return Number(number=measure.number if again is None else -measure.number)

    nodes = [Function(name="measure", call=measure), Function(name="again", call=again)]
    graph = graph_of(
        COUNT,
        Loop(name="grow", nodes=nodes, until=is_enough, after="measure"),
        Function(name="finish", call=finish),
    )

    assert (await graph.execute(Text(text="abcd"))).number == 4
    assert (await graph.execute(Text(text="a"))).number == -4


async def test_one_item_that_fails_costs_its_part() -> None:
    def items(input: Text) -> list[int]:
        return [0, 1, 2]

    async def part(item: int) -> int:
        if item == 1:
            raise Down("it is down")
        return item

    def total(parts: list[int | None]) -> Number:
        return Number(number=sum(part or 0 for part in parts))

    each = ForEach(name="parts", over=items, node=Function(name="part", call=part, none_on=(Down,)))

    assert (await graph_of(each, Function(name="total", call=total)).execute(Text(text=""))).number == 2
