"""A run becomes a labelled case."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from app.core.errors import AppError, InvalidInput, NotFound
from app.db import new_id
from app.evals.production import adding
from app.evals.production.adding import add_case
from app.evals.production.errors import CaseExists
from app.feedback import Subject
from app.feedback.repository import save
from app.graphs import Function, Graph, Observed
from app.graphs.evals import Case, Labelled
from app.runs import Run, start_run
from app.workflows import WORKFLOWS

pytestmark = pytest.mark.usefixtures("database", "broker")


class Question(BaseModel):
    text: str = Field(max_length=60)


class Reply(BaseModel):
    text: str


def reply(input: Question) -> Reply:
    return Reply(text=input.text)


GRAPH = Graph(
    name="asked",
    summary="Repeat.",
    input=Question,
    output=Reply,
    nodes=[Function(name="reply", call=reply)],
)


def score(observed: Observed, expected: Any) -> dict[str, bool]:
    return {"text": observed.output == expected}


@pytest.fixture
def cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the cases of a workflow, with one in it and without a line end."""
    path = tmp_path / "cases.jsonl"
    path.write_text('{"name": "first", "input": {"text": "hi"}}', encoding="utf-8")

    def load(name: str) -> Labelled:
        assert name == GRAPH.name
        lines = path.read_text(encoding="utf-8").splitlines()
        return Labelled(GRAPH, tuple(map(Case.model_validate_json, lines)), score, tmp_path, "d")

    monkeypatch.setattr(adding, "evals_folder", lambda _name: tmp_path)
    monkeypatch.setattr(adding, "load_labelled", load)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def started(text: str) -> Run:
    with WORKFLOWS.override({"asked": GRAPH}):
        return await start_run("asked", {"text": text}, caller="key:1")


async def test_its_input_is_added_without_personal_data_and_with_what_was_said(cases: Path) -> None:
    run = await started("Write to ada@example.com, DE89370400440532013000")
    comment = "My mail is ada@example.com."
    await save(Subject.run, str(run.id), workflow="asked", caller="key:1", helpful=False, comment=comment)

    await add_case(run.id, None)

    added = read(cases)[1]
    assert added == {
        "name": f"run {run.id}",
        "input": {"text": "Write to person-1@example.com, [IBAN_1]"},
        "expected": {},
        "note": "queued; not helpful: My mail is [EMAIL_1].",
    }


async def test_what_has_to_come_out_can_be_said(cases: Path) -> None:
    run = await started("hi")

    await add_case(run.id, '{"text": "hi"}')

    assert read(cases)[1]["expected"] == {"text": "hi"}


async def test_a_run_is_added_once(cases: Path) -> None:
    run = await started("hi")
    await add_case(run.id, None)

    with pytest.raises(CaseExists):
        await add_case(run.id, None)

    assert len(read(cases)) == 2


@pytest.mark.parametrize("expect", ["{", "[1]"])
async def test_an_expectation_that_is_no_object_changes_nothing(expect: str, cases: Path) -> None:
    run = await started("hi")
    before = read(cases)

    with pytest.raises(InvalidInput, match="--expect is"):
        await add_case(run.id, expect)

    assert read(cases) == before


async def test_an_input_that_does_not_fit_without_personal_data_is_refused(cases: Path) -> None:
    run = await started(" ".join(["a@b.co"] * 8))
    before = read(cases)

    with pytest.raises(InvalidInput, match="Without personal data the input does not fit 'asked'"):
        await add_case(run.id, None)

    assert read(cases) == before


async def test_a_run_that_does_not_exist_is_named() -> None:
    with pytest.raises(NotFound) as raised:
        await add_case(new_id(), None)

    assert isinstance(raised.value, AppError)
