"""What a graph of nodes does when it runs."""

from typing import cast

import pytest

from app.core.errors import ServiceUnavailable
from app.core.scope import current_scope
from app.core.spans import watched_by
from app.graphs import (
    END,
    ForEach,
    Function,
    Loop,
    Model,
    Router,
    Rule,
    SubGraph,
)
from app.graphs.errors import WrongOutput
from app.workflows import Steps
from tests.graphs.factories import (
    COUNT,
    Down,
    KeptSteps,
    Number,
    Text,
    add_one,
    double,
    graph_of,
    grow,
    is_enough,
    is_long,
)
from tests.spans import Watcher


async def test_nodes_run_in_their_order_and_read_each_other_by_name() -> None:
    graph = graph_of(COUNT, Function(name="double", call=double))

    assert (await graph.execute(Text(text="abc"))).number == 6


async def test_a_function_in_a_thread_knows_which_node_it_is() -> None:
    seen = []

    def look(input: Text) -> Number:
        seen.append(current_scope().node)
        return Number(number=len(input.text))

    await graph_of(Function(name="look", call=look)).execute(Text(text="abc"))

    assert seen == ["look"]


async def test_whoever_watches_sees_each_node() -> None:
    with watched_by(watcher := Watcher()):
        await graph_of(COUNT, Function(name="double", call=double)).execute(Text(text="abc"))

    assert [(piece.name, piece.scope.node) for piece in watcher.ended] == [
        ("node", COUNT.name),
        ("node", "double"),
    ]


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


async def test_a_workflow_is_known_to_the_rest_as_any_other() -> None:
    workflow = graph_of(COUNT, example={"text": "a"})

    assert (await workflow.run(Text(text="abc"), Steps())).number == 3
    assert workflow.validate(workflow.example).text == "a"


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


async def test_a_function_that_gives_another_thing_than_it_says_is_found_out() -> None:
    def lie(count: Number) -> Number:
        return cast("Number", str(count))

    with pytest.raises(WrongOutput, match="'lie'"):
        await graph_of(COUNT, Function(name="lie", call=lie)).execute(Text(text="a"))


async def test_a_workflow_goes_on_after_an_error_that_is_named() -> None:
    async def fail() -> Number:
        raise Down("it is down")

    def finish(broken: Number | None) -> Number:
        return Number(number=-1 if broken is None else broken.number)

    nodes = [Function(name="broken", call=fail, none_on=(Down,)), Function(name="finish", call=finish)]

    assert (await graph_of(*nodes).execute(Text(text=""))).number == -1
