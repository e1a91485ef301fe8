"""A graph that cannot work is refused when it is declared, and the node is named."""

import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel

from app.graphs import END, Approval, Branches, ForEach, Function, Graph, Loop, Model, Node, Router, Rule
from app.graphs.errors import DefinitionError
from app.graphs.fit import fits


class Text(BaseModel):
    text: str


class Longer(Text):
    more: str


def first(input: Text) -> int:
    return len(input.text)


def second(first: int) -> Text:
    return Text(text=str(first))


def third(second: Text) -> Text:
    return second


def wants_text(first: str) -> Text:
    return Text(text=first)


def is_big(first: int) -> bool:
    return first > 1


def untyped(first) -> Text:  # type: ignore[no-untyped-def]  # noqa: ANN001
    return Text(text=str(first))


def no_result(first: int):  # type: ignore[no-untyped-def]  # noqa: ANN201
    return Text(text=str(first))


def items(first: int) -> list[int]:
    return [first]


def wants_result(result: Text) -> Text:
    return result


FIRST, SECOND = Function(name="first", call=first), Function(name="second", call=second)


def declare(nodes: Sequence[Node]) -> Graph[Text, Text]:
    return Graph(name="test", summary="", input=Text, output=Text, nodes=nodes)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([], "no nodes"),
        ([FIRST, SECOND, SECOND], "'second' has the name of another node"),
        ([Function(name="input", call=first)], "'input' needs a name"),
        ([Function(name="a b", call=first)], "'a b' needs a name"),
        ([FIRST, Function(name="second", call=second, next="nonsense")], "'second' leads to 'nonsense'"),
        (
            [FIRST, Router(name="route", rules=[Rule("nonsense", is_big)], otherwise="second"), SECOND],
            "'route' leads to 'nonsense'",
        ),
        (
            [FIRST, Router(name="route", rules=[], otherwise="second", next="second"), SECOND],
            "'route' chooses what follows",
        ),
        (
            [FIRST, Function(name="second", call=second, next=END), Function(name="third", call=third)],
            "'third' cannot be reached",
        ),
        (
            [FIRST, SECOND, Function(name="third", call=third, next="second")],
            "goes in a circle: .*second.*third",
        ),
        ([Function(name="second", call=second)], "'second' reads 'first', which no node before it writes"),
        ([FIRST, Function(name="b", call=wants_text)], "'b' reads 'first' as str, but it is int"),
        ([FIRST], "'first' ends with int, not Text"),
        ([FIRST, Function(name="b", call=untyped)], r"untyped\(\) needs a type"),
        ([FIRST, Function(name="b", call=no_result)], r"no_result\(\) needs a type"),
        (
            [
                FIRST,
                Router(name="route", rules=[Rule("second", is_big)], otherwise="third"),
                SECOND,
                Function(name="third", call=third),
            ],
            r"'third' reads 'second' as Text, but it is .*None",
        ),
        (
            [
                FIRST,
                Branches(name="both", nodes=[SECOND, Function(name="third", call=third)]),
            ],
            "'third' reads 'second', which no node before it writes",
        ),
        (
            [FIRST, ForEach(name="all", over=items, node=Function(name="b", call=wants_text)), SECOND],
            "'b' reads 'first' as str",
        ),
        (
            [FIRST, Loop(name="loop", nodes=[Function(name="third", call=third), SECOND], until=is_big)],
            "'third' reads 'second' as Text, but it is .*None",
        ),
        ([Function(name="first", call=first, output="input")], "'first' cannot write 'input'"),
        (
            [
                FIRST,
                Branches(name="both", nodes=[SECOND, Function(name="same", call=second, output="second")]),
            ],
            "'both' has two nodes that write the same output",
        ),
        (
            [FIRST, Branches(name="both", nodes=[SECOND], output="second")],
            "'both' has two nodes that write the same output",
        ),
        (
            [FIRST, ForEach(name="all", over="nothing", node=Function(name="b", call=items))],
            "'all' goes over 'nothing', which no node before it writes",
        ),
        (
            [FIRST, ForEach(name="all", over="first", node=Function(name="b", call=items))],
            "'all' goes over int, which is not a list",
        ),
        (
            [
                FIRST,
                Router(name="route", rules=[Rule("second", is_big)], otherwise="other"),
                Function(name="second", call=second, output="result", next="last"),
                Function(name="other", call=items, output="result"),
                Function(name="last", call=wants_result),
            ],
            "'last' reads 'result' as Text, but it is .*list",
        ),
    ],
)
def test_what_cannot_work_is_refused(nodes: list[Node], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        declare(nodes)


def test_what_works_is_accepted() -> None:
    assert declare([FIRST, SECOND, Function(name="third", call=third)]).nodes[2].name == "third"


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        (int, int, True),
        (bool, int, True),
        (int, str, False),
        (Longer, Text, True),
        (Text, Longer, False),
        (Text, Text | None, True),
        (Text | None, Text, False),
        (None, Text, False),
        (list[Longer], list[Text], True),
        (list[int], list[str], False),
        (list[int], Sequence[int], True),
        (Any, int, True),
        (int, Any, True),
    ],
)
def test_a_type_fits(given: Any, wanted: Any, expected: bool) -> None:
    assert fits(given, wanted) is expected


def test_an_approval_cannot_wait_beside_other_nodes() -> None:
    approve = Approval(name="approve", question=first)
    nodes = [Branches(name="both", nodes=[approve]), Function(name="first", call=first)]

    with pytest.raises(DefinitionError, match=r"'approve' cannot wait inside 'both'"):
        Graph(name="test", summary="", input=Text, output=Text, nodes=nodes)


class Answer(BaseModel):
    answer: str


class Choice(BaseModel):
    to: str


def say(first: int) -> str:
    return str(first)


@pytest.mark.parametrize(
    ("answer", "choices", "said"),
    [(Answer, ["second"], "no field 'to'"), (Choice, [], "no choices"), (Choice, ["gone"], "'gone'")],
)
def test_a_model_that_routes_needs_choices_and_an_answer_that_names_one(
    answer: type[BaseModel], choices: list[str], said: str
) -> None:
    model = Model(name="model", prompt="llm.chat", message=say, output_type=answer)
    nodes = [
        Function(name="first", call=first),
        Router(name="route", rules=[], otherwise=model, choices=choices),
        Function(name="second", call=second),
    ]

    with pytest.raises(DefinitionError, match=said):
        Graph(name="test", summary="", input=Text, output=Text, nodes=nodes)


def test_a_node_inside_another_one_cannot_say_what_follows() -> None:
    router = Router(name="route", rules=[], otherwise="second")
    nodes = [
        Function(name="first", call=first),
        Branches(name="both", nodes=[router]),
        Function(name="second", call=second),
    ]

    with pytest.raises(DefinitionError, match="'route' is inside another node"):
        Graph(name="test", summary="", input=Text, output=Text, nodes=nodes)


class Item(BaseModel):
    number: int


def numbers(first: int) -> list[int]:
    return [first]


def no_list(first: int) -> Any:
    return first


no_list.__annotations__["return"] = int  # what the type checker would not let through


def wants_item(item: Item) -> Item:
    return item


def with_default(first: int, more: int = 3) -> Text:
    return Text(text=str(first + more))


def with_rest(first: int, *rest: int) -> Text:
    return Text(text=str(first))


def never(second: int) -> bool:
    return bool(second)


def unknown_type(first: int) -> threading.Event:
    return threading.Event()


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (
            ForEach(name="each", over=numbers, node=Function(name="n", call=wants_item)),
            "reads 'item' as Item",
        ),
        (ForEach(name="each", over=no_list, node=Function(name="n", call=wants_item)), "not a list"),
        (
            ForEach(name="each", over=items, node=Function(name="n", call=first), max_concurrency=0),
            "max_concurrency",
        ),
        (Function(name="n", call=with_rest), "with names"),
        (Function(name="n", call=first, attempts=0), "attempts"),
        (Function(name="n", call=unknown_type), "cannot be written as JSON"),
        (Loop(name="loop", nodes=[], until=is_big), "no nodes"),
        (
            Loop(name="loop", nodes=[Function(name="second", call=second)], until=never),
            "reads 'second' as int",
        ),
        (Router(name="n", rules=[], otherwise=END), "chooses END"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_cannot_work_is_found_when_it_is_declared(node: Node, said: str) -> None:
    nodes = [Function(name="first", call=first), node, Function(name="last", call=with_default)]

    with pytest.raises(DefinitionError, match=said):
        Graph(name="test", summary="", input=Text, output=Text, nodes=nodes)


def test_a_parameter_with_a_default_need_not_be_given() -> None:
    nodes = [Function(name="first", call=first), Function(name="last", call=with_default)]

    assert Graph(name="test", summary="", input=Text, output=Text, nodes=nodes)


def test_a_function_with_arguments_filled_in_is_read_like_the_function() -> None:
    nodes = [Function(name="first", call=first), Function(name="last", call=partial(with_default, more=4))]

    assert Graph(name="test", summary="", input=Text, output=Text, nodes=nodes)
