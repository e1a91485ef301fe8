"""A workflow that waits for a person."""

import pytest

from app.core.errors import InvalidInput
from app.graphs import END, Approval, Function, Graph, Loop, Router, Rule, SubGraph
from app.workflows import Decision, DecisionNeeded, Steps
from tests.graphs.factories import COUNT, Number, Text, add_one, double, graph_of


class Refund(Decision):
    amount: int = 0


def is_approved(approve: Refund) -> bool:
    return approve.approved


def pay(approve: Refund) -> Number:
    return Number(number=approve.amount)


APPROVED = graph_of(
    COUNT,
    Approval(name="approve", question=double, decision=Refund),
    Router(name="route", rules=[Rule("pay", is_approved)], otherwise="add_one"),
    Function(name="pay", call=pay, next=END),
    Function(name="add_one", call=add_one),
)


async def test_a_person_decides_how_it_goes_on() -> None:
    given = {"approved": True, "amount": 7}

    assert (await APPROVED.execute(Text(text="a"), Steps({"approve": given}))).number == 7
    assert (await APPROVED.execute(Text(text="a"), Steps({"approve": {"approved": False}}))).number == 2


async def test_without_a_decision_it_stops_and_says_what_is_asked() -> None:
    with pytest.raises(DecisionNeeded, match="'approve' waits") as caught:
        await APPROVED.execute(Text(text="abc"))

    assert caught.value.question == {"number": 6}


async def test_a_decision_that_does_not_fit_names_the_field() -> None:
    with pytest.raises(InvalidInput, match="amount"):
        await APPROVED.execute(Text(text="a"), Steps({"approve": {"approved": True, "amount": "x"}}))


def test_a_workflow_says_what_people_decide_in_it() -> None:
    revise = Loop(name="revise", nodes=[Approval(name="again", question=double)], until=is_approved_again)
    graph = Graph(name="f", summary="", input=Text, output=Decision, nodes=[COUNT, revise])
    outer = Graph(
        name="o",
        summary="",
        input=Text,
        output=Decision,
        nodes=[SubGraph(name="sub", graph=graph, input=same)],
    )

    assert outer.decision_of("sub.revise[1].again") is Decision
    assert set(outer.decisions) == {"sub.revise.again"}


def is_approved_again(again: Decision) -> bool:
    return again.approved


def same(input: Text) -> Text:
    return input
