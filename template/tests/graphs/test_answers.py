"""`app eval answers`: what is run, what it will cost, and what an interruption leaves."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from app.core.errors import InvalidInput
from app.graphs import Function, Graph, Model, Observed
from app.graphs import evals as graph_evals
from app.graphs.estimating import choose_model, estimate_cost
from app.graphs.evals import Case, CaseReport, Labelled, evaluate, evaluate_all, rates
from app.graphs.extensions import CASE_CHECKS
from app.graphs.unfinished import Unfinished, in_order


class Question(BaseModel):
    text: str


class Reply(BaseModel):
    text: str


def shout(input: Question) -> Reply:
    if not input.text:
        raise InvalidInput("There is no text.")
    return Reply(text=input.text.upper())


def shown(input: Question) -> str:
    return input.text


def score(observed: Observed, expected: Any) -> dict[str, bool]:
    return {"text": observed.output is not None and observed.output.text == expected["text"]}


GRAPH = Graph(
    name="shouting",
    summary="Shout.",
    input=Question,
    output=Reply,
    nodes=[Function(name="shout", call=shout)],
)


def case(name: str, text: str, **more: Any) -> Case:
    return Case.model_validate({"name": name, "input": {"text": text}, **more})


def labelled(*cases: Case, graph: Graph[Any, Any] = GRAPH) -> Labelled:
    return Labelled(graph, cases, score, Path("evals"), "d1")


async def test_a_case_is_scored_and_its_output_kept() -> None:
    report = await evaluate(labelled(), case("a", "hi", expected={"text": "HI"}))

    assert (report.scores, report.output, report.error) == ({"text": True}, {"text": "HI"}, None)


async def test_a_case_without_expectations_must_not_fail() -> None:
    reports = [await evaluate(labelled(), case(text, text)) for text in ("hi", "")]

    assert [report.scores for report in reports] == [{"no_error": True}, {"no_error": False}]
    assert reports[1].error == "There is no text."
    assert rates(reports) == {"no_error": (1, 2)}


async def test_an_input_that_does_not_fit_is_named() -> None:
    wrong = Case.model_validate({"name": "a", "input": {"words": "hi"}})

    with pytest.raises(InvalidInput, match="input of case 'a' is wrong"):
        await evaluate(labelled(), wrong)


async def test_nothing_is_run_if_one_case_is_wrong() -> None:
    wrong = Case.model_validate({"name": "b", "input": {"words": "hi"}})

    reports = evaluate_all(labelled(), [case("a", "hi"), wrong], parallel=1)

    with pytest.raises(InvalidInput, match="case 'b'"):
        await anext(reports)


async def test_what_has_one_title_is_counted_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        CASE_CHECKS, "load", lambda: {"checks": lambda _folder, _own: lambda _observed: [("text", False)] * 2}
    )

    report = await evaluate(labelled(), case("a", "hi", expected={"text": "HI"}))

    assert report.scores == {"text": True, "text (2)": False, "text (3)": False}


async def test_cases_are_run_in_parallel_and_each_is_reported() -> None:
    cases = [case(f"{number}", "hi") for number in range(20)]

    reports = [report async for report in evaluate_all(labelled(), cases, parallel=7)]

    assert [report.name for report in in_order(reports, [each.name for each in cases])] == [
        each.name for each in cases
    ]


def report(name: str, error: str | None = None) -> CaseReport:
    return CaseReport(name=name, input={}, scores={"text": True}, error=error, cost=Decimal(0), seconds=0.1)


def test_what_was_interrupted_is_taken_up_but_not_what_failed(tmp_path: Path) -> None:
    first = Unfinished(tmp_path, "s", "cases 1", "model")
    first.add(report("a\u2028"), {"one": 1})
    first.add(report("b", error="down"), {"one": 1, "two": 2})
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text(encoding="utf-8") + '{"name": "cut', encoding="utf-8")
    first.add(report("c"), {"two": 2})
    again = Unfinished(tmp_path, "s", "cases 1", "model")

    assert [each.name for each in again.load()] == ["a\u2028", "c"]
    assert again.prompts == {"one": 1, "two": 2}
    assert Unfinished(tmp_path, "s", "cases 2", "model").load() == []


@pytest.fixture
def chosen() -> Iterator[None]:
    """Take back the choice of a model at the end."""
    yield
    choose_model(None)


@pytest.mark.usefixtures("chosen")
async def test_the_price_is_known_before() -> None:
    asking = Graph(
        name="asking",
        summary="Ask.",
        input=Question,
        output=Reply,
        nodes=[Model(name="ask", prompt="llm.chat", message=shown, output_type=Reply)],
    )

    choose_model("openai:gpt-4.1-mini")
    cost = await estimate_cost(labelled(graph=asking), [case("a", "hi " * 500)], "openai:gpt-4.1-mini")
    twice = await estimate_cost(labelled(graph=asking), [case("a", "hi " * 500)] * 2, "openai:gpt-4.1-mini")

    assert cost is not None
    assert twice is not None
    assert 0 < cost < Decimal("0.01")
    assert twice == 2 * cost


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "has no cases"),
        ("{", "Line 1 of"),
        ('{"name": "a"}', "input"),
        ('{"name": "a\u2028", "input": {}}\n\n{"nam": 1}', "Line 3 of"),
        ('{"name": "a", "input": {}}\n{"name": "a", "input": {}}', "more than one case named 'a'"),
    ],
)
def test_a_file_of_cases_that_is_wrong_is_named(
    line: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cases.jsonl").write_text(line, encoding="utf-8")
    monkeypatch.setattr(graph_evals, "evals_folder", lambda _name: tmp_path)
    monkeypatch.setattr(graph_evals, "ROOT", tmp_path)
    monkeypatch.setattr(graph_evals, "_graph", lambda _name: GRAPH)

    with pytest.raises(InvalidInput) as raised:
        graph_evals.load_labelled("shouting")

    assert problem in str(raised.value)
    assert "cases.jsonl" in str(raised.value)
