"""How much guards find, and what they take for something else: on labelled texts."""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from app.core.errors import InvalidInput, field_errors
from app.guardrails.injection import find_injection
from app.privacy import find_personal_data

Part = Literal["tuning", "held_out"]
CORPUS = Path(__file__).with_name("corpus")


class LabelledText(BaseModel):
    """A text, who says it, and what is in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    source: Literal["user", "document", "email", "tool"] = "user"
    kind: str = ""
    """How an attack is made: direct, indirect, encoded, multilingual, long or split."""
    found: tuple[tuple[str, str], ...] = ()
    """Personal data: kind and words."""


@dataclass
class Score:
    """How a guard did."""

    guard: str
    right: int = 0
    missed: int = 0
    wrong: int = 0
    """Found where there is nothing."""
    silent: int = 0
    """Nothing found where there is nothing."""
    kinds: dict[str, list[int]] = field(default_factory=dict)
    """Found, and of how many, by kind."""
    milliseconds: list[float] = field(default_factory=list)
    """By text, for 1,000 characters."""
    mistakes: list[tuple[str, str]] = field(default_factory=list)
    """What was missed or wrong, and the text."""

    @property
    def precision(self) -> float:
        """Return which part of what is found is there."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Return which part of what is there is found."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def false_positive_rate(self) -> float:
        """Return in which part of the harmless texts something is found."""
        return self.wrong / (self.wrong + self.silent) if self.wrong + self.silent else 0.0

    def count(self, row: LabelledText, *, kind: str, is_there: bool, is_found: bool) -> None:
        """Add a decision."""
        if is_there:
            self.right += is_found
            self.missed += not is_found
            found = self.kinds.setdefault(kind, [0, 0])
            found[0] += is_found
            found[1] += 1
        else:
            self.wrong += is_found
            self.silent += not is_found
        if is_there != is_found:
            self.mistakes.append(("missed" if is_there else "wrong", row.text))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "guard": self.guard,
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "false_positive_rate": round(self.false_positive_rate, 4),
            "milliseconds_per_1000_characters": round(median(self.milliseconds or [0.0]), 3),
            "kinds": {kind: {"found": found, "of": of} for kind, (found, of) in sorted(self.kinds.items())},
        }


def load_rows(path: Path) -> list[LabelledText]:
    """Read labelled texts. Raises `InvalidInput` that names the file and the row."""
    try:
        rows = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.") from None
    if not isinstance(rows, list) or not rows:
        raise InvalidInput(f"{path} has no rows.", hint="It is a YAML list of {source, text}.")
    return [_row(path, number, row) for number, row in enumerate(rows, 1)]


def _row(path: Path, number: int, row: object) -> LabelledText:
    try:
        return TypeAdapter(LabelledText).validate_python(row)
    except ValidationError as error:
        raise InvalidInput(f"Row {number} of {path} is wrong.", fields=field_errors(error)) from None


def digest_of(paths: Iterable[Path]) -> str:
    """Return what stands for the texts of some files."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def evaluate(part: Part, corpus: Path = CORPUS) -> list[Score]:
    """Hold the guards against a part of the corpus."""
    folder = corpus / part
    attacks, harmless = load_rows(folder / "attacks.yml"), load_rows(folder / "harmless.yml")
    scores = [_injection(attacks, harmless)]
    if (folder / "personal_data.yml").exists():
        scores.append(_personal_data(load_rows(folder / "personal_data.yml")))
    return scores


def _injection(attacks: Sequence[LabelledText], harmless: Sequence[LabelledText]) -> Score:
    score = Score("injection")
    for row in (*attacks, *harmless):
        source: Literal["user", "data"] = "user" if row.source == "user" else "data"
        found = _timed(score, row, partial(find_injection, source=source))
        score.count(row, kind=row.kind, is_there=bool(row.kind), is_found=found is not None)
    return score


def _personal_data(rows: Sequence[LabelledText]) -> Score:
    score = Score("personal_data")
    for row in rows:
        found = {(each.kind, each.text) for each in _timed(score, row, find_personal_data)}
        wanted = set(row.found)
        for kind, words in sorted(wanted | found):
            score.count(row, kind=kind, is_there=(kind, words) in wanted, is_found=(kind, words) in found)
        if not wanted and not found:
            score.count(row, kind="", is_there=False, is_found=False)
    return score


def _timed(score: Score, row: LabelledText, work: Callable[[str], Any]) -> Any:
    started = time.perf_counter()
    result = work(row.text)
    score.milliseconds.append((time.perf_counter() - started) * 1000 * 1000 / max(len(row.text), 1))
    return result
