"""Which tests run where: what makes two closures different, and what does not."""

import random

import pytest

from tests.closures import candidates, choose, units
from tests.questionnaire import Answers, defaults, random_answers

FULL: Answers = defaults()


def of(feature: str, **answers: object) -> set[tuple[str, frozenset[str]]]:
    """Return the units of a feature in a project with everything but for these answers."""
    return {unit for unit in units({**FULL, **answers}) if unit[0] == feature}


def test_every_closure_of_a_random_project_is_run() -> None:
    chosen = choose(candidates(), units(FULL))
    run = units(FULL).union(*(choice.units for choice in chosen))
    generator = random.Random(seed := random.SystemRandom().randrange(10**6))

    for answers in (random_answers(generator) for _ in range(100)):
        assert units(answers) <= run, f"seed {seed}"


def test_no_unit_is_run_twice() -> None:
    chosen = [unit for choice in choose(candidates(), units(FULL)) for unit in choice.units]

    assert len(chosen) == len({*chosen, *units(FULL)}) - len(units(FULL))


@pytest.mark.parametrize(
    ("feature", "question", "values"),
    [
        ("db", "mcp_server", (True, False)),
        ("runs", "agent_framework", ("native", "langgraph")),
        ("llm", "broker", ("valkey", "rabbitmq")),
    ],
)
def test_what_a_feature_does_not_require_makes_no_difference(
    feature: str, question: str, values: tuple[object, object]
) -> None:
    first, second = (of(feature, **{question: value}) for value in values)

    assert first == second


@pytest.mark.parametrize(
    ("feature", "question", "values"),
    [
        ("agents", "agent_framework", ("native", "langgraph")),  # a file of its own
        ("systems.assistant", "stages", (["design"], ["design", "rag"])),  # what it reaches
        ("agents", "mcp_server", (True, False)),  # a file of its tests
        ("runs", "broker", ("valkey", "rabbitmq")),  # what its tests run with
        ("llm", "llm_provider", ("openai", "mistral")),
    ],
)
def test_what_its_tests_can_meet_makes_another_closure(
    feature: str, question: str, values: tuple[object, object]
) -> None:
    first, second = (of(feature, **{question: value}) for value in values)

    assert first - second
    assert second - first


def test_what_stands_behind_an_interface_is_met_once_and_not_with_every_closure() -> None:
    large, small = (of("systems.assistant", stages=stages) for stages in (["design", "rag"], ["design"]))
    other = of("systems.assistant", stages=["design"], agent_framework="langgraph")

    assert len(large & small) == 1  # the framework
    assert len(small & other) == 1  # the closure
    assert len(large | small | other) == 4


def test_a_choice_names_the_tests_of_its_features_and_those_of_the_whole_project() -> None:
    (choice,) = choose([FULL], units(FULL) - of("db"))

    assert "tests/test_architecture.py" in choice.tests
    assert {path.split("/")[1] for path in choice.tests if path.count("/") > 1} == {"db"}
