import pytest

from app.core.errors import InvalidInput
from app.graphs import observe
from app.llm import Call, Message, Reply, TextDelta
from app.systems.assistant.chat import answer
from app.systems.assistant.schemas import Request
from app.systems.assistant.scoring import score
from app.systems.assistant.tools import calculate, current_time
from app.systems.assistant.workflow import assistant, sum_in
from tests.llm.fake_provider import FakeProvider
from tests.systems.cases import Case, load_cases, name_of


@pytest.mark.parametrize("case", load_cases("assistant"), ids=name_of)
async def test_labelled_cases(case: Case) -> None:
    observed = await observe(assistant, Request.model_validate(case["input"]))

    scores = score(observed, case["expected"])
    assert all(scores.values()), (scores, observed)


async def test_as_a_model_it_streams_and_remembers() -> None:
    said = (
        Message("user", "My name is Robin."),
        Message("assistant", "Hello."),
        Message("user", "Who am I?"),
    )

    events = [event async for event in answer(Call(messages=said, model="assistant", streaming=True))]

    pieces = [event.text for event in events if isinstance(event, TextDelta)]
    assert isinstance(events[-1], Reply)
    assert "".join(pieces) == events[-1].output == "Your name is Robin."
    assert len(pieces) > 1


async def test_as_a_model_it_answers_a_sum_without_a_model() -> None:
    events = [event async for event in answer(Call(messages=(Message("user", "2 * 3"),), model="assistant"))]

    assert isinstance(events[-1], Reply)
    assert (events[-1].output, events[-1].requests) == ("6", 0)


@pytest.mark.parametrize(
    ("expression", "result"), [("1 + 1", "2"), ("(1+2)*-3", "-9"), ("10 / 4", "2.5"), ("2**10", "1024")]
)
def test_it_calculates(expression: str, result: str) -> None:
    assert calculate(expression) == result


@pytest.mark.parametrize(
    "message",
    [
        "2026-11-22",
        "22/11/2026",
        "24/7",
        "(212)-555-1234",
        "2026-11-22 - 2026-12-24",
        "10%-3",
        "030-1234-567",
        "1" + " " * 50_000 + "x",
        "12",
    ],
)
def test_what_only_looks_like_a_sum_is_left_to_the_agent(message: str) -> None:
    assert sum_in(message) is None


@pytest.mark.parametrize(
    ("message", "result"),
    [("2+2", "4"), ("What is 999999999999 + 2?", "1000000000001"), ("3 - 2 =", "1"), ("-(1+2)*3", "-9")],
)
def test_a_sum_alone_is_recognised(message: str, result: str) -> None:
    assert sum_in(message) == result


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os')",
        "a + 1",
        "1 / 0",
        "9**9**9",
        "9" * 400,
        "(" * 500,
        "True + 1",
        "'a' * 9",
        "",
        "(-1) ** 0.5",
        "1 if 1 else 2",
    ],
)
def test_what_is_no_sum_is_refused(expression: str) -> None:
    with pytest.raises(InvalidInput):
        calculate(expression)


def test_an_unknown_time_zone_is_an_error_that_says_so() -> None:
    with pytest.raises(InvalidInput, match="Mars"):
        current_time("Mars/Olympus")


async def test_as_a_model_it_observes_what_the_application_adds(provider: FakeProvider) -> None:
    events = answer(Call(messages=(Message("user", "Hello"),), model="assistant", instructions="Say Sir."))

    assert [event async for event in events]
    system = provider.requests[0]["messages"][0]["content"]
    assert system.startswith("You are a personal assistant.")
    assert system.endswith("Say Sir.")
