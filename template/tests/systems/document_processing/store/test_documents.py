"""One invoice is paid once, whoever reads it."""

import asyncio

import pytest

from app.graphs.evals import evaluate, load_labelled
from app.systems.document_processing.schemas import Document
from app.systems.document_processing.store.repository import remember
from app.systems.document_processing.workflow import document_processing
from app.workflows import DecisionNeeded

pytestmark = pytest.mark.usefixtures("database")


async def test_the_first_of_several_at_the_same_time_wins() -> None:
    tokens = await asyncio.gather(*(remember("lamp works | 7", f"run {n}") for n in range(8)))

    assert len(set(tokens)) == 1
    assert await remember("lamp works | 7", None) == tokens[0]


async def test_an_invoice_that_was_accepted_waits_for_a_person_the_second_time() -> None:
    document = Document.model_validate(document_processing.example)
    assert (await document_processing.execute(document)).status == "accepted"

    with pytest.raises(DecisionNeeded) as needed:
        await document_processing.execute(document)

    assert "was accepted before" in str(needed.value.question)


async def test_labelled_cases_are_not_remembered_and_ask_not_what_was_accepted() -> None:
    labelled = load_labelled("document_processing")
    accepted = next(case for case in labelled.cases if case.expected.get("status") == "accepted")
    await document_processing.execute(Document.model_validate(accepted.input))

    report = await evaluate(labelled, accepted)

    assert all(report.scores.values()), report
