"""A case of a run: the input that caused it, its texts masked. Numbers stay."""

import json
import re
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from app.core.errors import InvalidInput, NotFound
from app.core.text import with_texts
from app.evals.production.errors import CaseExists
from app.feedback import Subject, find_feedback
from app.graphs import evals_folder, load_labelled
from app.privacy import Masks
from app.runs import Run, get_run

_EMAIL = re.compile(r"\[EMAIL_(\d+)\]")


async def add_case(run_id: UUID, expect: str | None) -> dict[str, object]:
    """Append a case to the cases of the run's workflow. Returns its name and the file.

    Raises `NotFound`, `CaseExists`, or `InvalidInput` if the masked input does not fit the workflow any more.
    """
    run = await get_run(run_id)
    if run is None:
        raise NotFound(f"There is no run {run_id}.")
    path = evals_folder(run.workflow) / "cases.jsonl"
    labelled = load_labelled(run.workflow)
    masks = Masks()
    case = {
        "name": f"run {run.id}",
        "input": _masked(run.input, masks),
        "expected": _expected(expect),
        "note": await _note(run, masks),
    }
    if any(other.name == case["name"] for other in labelled.cases):
        raise CaseExists(f"{path} has a case of this run.")
    try:
        labelled.graph.input.model_validate(case["input"])
    except ValidationError as error:
        raise InvalidInput(
            f"Without personal data the input does not fit {run.workflow!r}: {error.errors()[0]['msg']}.",
            hint="Write the case by hand, with data of nobody.",
        ) from None
    separator = b"" if path.read_bytes().endswith(b"\n") else b"\n"
    with path.open("ab") as file:
        file.write(separator + json.dumps(case, ensure_ascii=False).encode() + b"\n")
    return {"name": case["name"], "file": str(path)}


def _expected(expect: str | None) -> dict[str, Any]:
    try:
        expected = json.loads(expect or "{}")
    except ValueError as error:
        raise InvalidInput(f"--expect is not JSON: {error}.") from None
    if not isinstance(expected, dict):
        raise InvalidInput("--expect is no JSON object.")
    return expected


async def _note(run: Run, masks: Masks) -> str:
    """Return why the run is of interest: how it ended, and what people said."""
    said = [f"{run.error['code']}: {run.error['detail']}"] if run.error else [run.status]
    said += [
        f"{'helpful' if feedback.helpful else 'not helpful'}: {feedback.comment}".rstrip(": ")
        for feedback in await find_feedback(Subject.run, str(run.id))
    ]
    return masks.mask("; ".join(said))


def _masked(value: Any, masks: Masks) -> Any:
    return with_texts(value, lambda text: _EMAIL.sub(r"person-\1@example.com", masks.mask(text)))
