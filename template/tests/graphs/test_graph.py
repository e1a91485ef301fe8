"""What a graph of nodes does when it runs."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, TypeVar, cast

import pytest
from pydantic import BaseModel, TypeAdapter

from app.core.errors import AppError, ServiceUnavailable, TimedOut
from app.graphs import (
    END,
    Branches,
    Context,
    ForEach,
    Function,
    Graph,
    Loop,
    Model,
    Node,
    Router,
    Rule,
    SubGraph,
)
from app.graphs.errors import LoopDidNotConverge, NodeTimedOut, WrongOutput
from app.graphs.nodes import Do
from app.llm.errors import BudgetExceeded
from app.workflows import Steps

S = TypeVar("S")


class Text(BaseModel):
    text: str


class Number(BaseModel):
    number: int


def count(input: Text) -> Number:
    return Number(number=len(input.text))


def double(count: Number) -> Number:
    return Number(number=count.number * 2)


def add_one(count: Number) -> Number:
    return Number(number=count.number + 1)


def is_long(count: Number) -> bool:
    return count.number > 3


def graph_of(*nodes: Node, **settings: Any) -> Graph[Text, Number]:
    return Graph(name="test", summary="", input=Text, output=Number, nodes=nodes, **settings)


class KeptSteps(Steps):
    """Keeps outputs as a durable run does: as JSON."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.done: list[str] = []

    async def step(self, name: str, output_type: type[S], work: Callable[[], Awaitable[S]]) -> S:
        adapter = TypeAdapter(output_type)
        if name not in self.kept:
            self.kept[name] = adapter.dump_python(await work(), mode="json")
            self.done.append(name)
        return adapter.validate_python(self.kept[name])


COUNT = Function(name="count", call=count)


async def test_nodes_run_in_their_order_and_read_each_other_by_name() -> None:
    graph = graph_of(COUNT, Function(name="double", call=double))

    assert (await graph.execute(Text(text="abc"))).number == 6


@pytest.mark.parametrize(("text", "expected"), [("ab", 3), ("abcdef", 12)])
async def test_the_first_rule_that_holds_decides_what_is_next(text: str, expected: int) -> None:
    graph = graph_of(
        COUNT,
        Router(name="route", rules=[Rule("double", is_long)], otherwise="add_one"),
        Function(name="double", call=double, next=END),
        Function(name="add_one", call=add_one),
    )

    assert (await graph.execute(Text(text=text))).number == expected


async def test_a_node_after_several_ways_reads_what_may_be_missing_as_none() -> None:
    def join(double: Number | None, count: Number) -> Number:
        return double or count

    graph = graph_of(
        COUNT,
        Router(name="route", rules=[Rule("double", is_long)], otherwise="join"),
        Function(name="double", call=double),
        Function(name="join", call=join),
    )

    assert (await graph.execute(Text(text="ab"))).number == 2
    assert (await graph.execute(Text(text="abcd"))).number == 8


@pytest.mark.parametrize(("text", "expected"), [("ab", 3), ("abcdef", 12)])
async def test_nodes_on_different_ways_may_write_one_output_which_those_behind_them_read(
    text: str, expected: int
) -> None:
    def same(result: Number) -> Number:
        return result

    graph = graph_of(
        COUNT,
        Router(name="route", rules=[Rule("double", is_long)], otherwise="add_one"),
        Function(name="double", call=double, output="result", next="join"),
        Function(name="add_one", call=add_one, output="result"),
        Function(name="join", call=same),
    )

    assert (await graph.execute(Text(text=text))).number == expected


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


def grow(input: Text, grown: Number | None) -> Number:
    return Number(number=(grown.number if grown else len(input.text)) + 1)


def is_enough(grown: Number) -> bool:
    return grown.number >= 5


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


async def test_a_model_is_asked_with_its_prompt_file() -> None:
    def text_of(input: Text) -> str:
        return input.text

    def length(answer: str) -> Number:
        return Number(number=len(answer))

    graph = graph_of(
        Model(name="answer", prompt="llm.chat", message=text_of), Function(name="length", call=length)
    )

    assert (await graph.execute(Text(text="Hello"))).number > len("Hello")


async def test_what_is_done_is_not_done_again() -> None:
    steps = KeptSteps()
    tries = 0

    def fail_once(count: Number) -> Number:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ServiceUnavailable("down")
        return count

    graph = graph_of(COUNT, Function(name="fragile", call=fail_once))

    with pytest.raises(ServiceUnavailable):
        await graph.execute(Text(text="abc"), steps)
    output = await graph.execute(Text(text="abc"), steps)

    assert (output.number, steps.done) == (3, ["count", "fragile"])


async def test_every_node_inside_another_is_a_step_of_its_own() -> None:
    def letters(input: Text) -> list[str]:
        return list(input.text)

    def same(item: str) -> str:
        return item

    steps = KeptSteps()
    graph = graph_of(
        ForEach(name="all", over=letters, node=Function(name="one", call=same), max_concurrency=1),
        Loop(name="loop", nodes=[Function(name="grown", call=grow)], until=is_enough, max_rounds=2),
        SubGraph(name="sub", graph=graph_of(COUNT), input=lambda_input),
    )

    await graph.execute(Text(text="ab"), steps)

    assert steps.done == ["all[0]", "all[1]", "loop[0].grown", "loop[1].grown", "sub.count"]


def lambda_input(input: Text) -> Text:
    return input


async def test_a_node_is_tried_again_after_an_error_that_may_pass() -> None:
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


async def test_a_workflow_is_known_to_the_rest_as_any_other() -> None:
    workflow = graph_of(COUNT, example={"text": "a"})

    assert (await workflow.run(Text(text="abc"), Steps())).number == 3
    assert workflow.validate(workflow.example).text == "a"


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


async def test_a_step_inside_others_has_a_name_of_its_own_in_each_round() -> None:
    def numbers(count: Number, all_of_them: Number | None) -> list[int]:
        return [count.number] if all_of_them is None else [all_of_them.number, 10]

    def doubled(item: int) -> int:
        return item * 2

    def all_of_them(each: list[int]) -> Number:
        return Number(number=sum(each))

    def is_enough(all_of_them: Number) -> bool:
        return all_of_them.number > 20

    inner = ForEach(name="each", over=numbers, node=Function(name="doubled", call=doubled))
    loop = Loop(name="loop", nodes=[inner, Function(name="all_of_them", call=all_of_them)], until=is_enough)
    steps = KeptSteps()

    assert (await graph_of(COUNT, loop).execute(Text(text="ab"), steps)).number == 28
    assert sorted(steps.done) == [  # those of one list are done at the same time
        "count",
        "loop[0].all_of_them",
        "loop[0].each[0]",
        "loop[1].all_of_them",
        "loop[1].each[0]",
        "loop[1].each[1]",
    ]


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


async def test_a_function_that_gives_another_thing_than_it_says_is_found_out() -> None:
    def lie(count: Number) -> Number:
        return cast("Number", str(count))

    with pytest.raises(WrongOutput, match="'lie'"):
        await graph_of(COUNT, Function(name="lie", call=lie)).execute(Text(text="a"))


class Down(AppError):
    """Something that does not work."""


async def test_a_workflow_goes_on_after_an_error_that_is_named() -> None:
    async def fail() -> Number:
        raise Down("it is down")

    def finish(broken: Number | None) -> Number:
        return Number(number=-1 if broken is None else broken.number)

    nodes = [Function(name="broken", call=fail, none_on=(Down,)), Function(name="finish", call=finish)]

    assert (await graph_of(*nodes).execute(Text(text=""))).number == -1


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
