"""What people say of outputs: a YAML file beside the cases. A label stands for an output, not for a case."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from app.core.errors import InvalidInput, field_errors
from app.graphs import CaseReport


class Annotation(BaseModel):
    """A person's label of an output."""

    model_config = ConfigDict(extra="forbid")

    case: str
    output: str
    """What stands for the output: when it changes, the label is not for it any more."""
    passes: bool
    note: str = ""
    at: str = ""


def output_digest(case: CaseReport) -> str:
    """Return what stands for the output of a case."""
    text = json.dumps(case.output, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_annotations(path: Path) -> list[Annotation]:
    """Return the labels of a file. Raises `InvalidInput` that names the row that is wrong."""
    if not path.exists():
        return []
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8")) or []
        return TypeAdapter(list[Annotation]).validate_python(rows)
    except (UnicodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.") from None
    except ValidationError as error:
        raise InvalidInput(f"{path} is wrong.", fields=field_errors(error)) from None


def annotate(path: Path, case: CaseReport, *, passes: bool, note: str) -> None:
    """Add a label to the file; an earlier one of the same output goes."""
    label = Annotation(
        case=case.name,
        output=output_digest(case),
        passes=passes,
        note=note,
        at=datetime.now(UTC).date().isoformat(),
    )
    others = [
        each for each in load_annotations(path) if (each.case, each.output) != (case.name, label.output)
    ]
    rows: list[dict[str, Any]] = [each.model_dump() for each in (*others, label)]
    text = yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=110)
    path.write_text(
        f"# What people say of outputs: `uv run app eval annotate REPORT` adds to it.\n{text}", "utf-8"
    )


def label_of(annotations: list[Annotation], case: CaseReport) -> Annotation | None:
    """Return the label of an output, if somebody has looked at it."""
    digest = output_digest(case)
    return next((each for each in annotations if (each.case, each.output) == (case.name, digest)), None)
