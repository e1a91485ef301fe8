"""Labelled questions: a YAML file. The version of a dataset is its digest."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.errors import InvalidInput, field_errors
from app.core.quotations import plain_words

Part = Literal["tune", "test", "all"]


class Label(BaseModel):
    """A passage that answers a question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(min_length=1)
    """The end of the document's source, such as `wal.md`."""
    quote: str = ""
    """Words that stand in the passage; empty: any passage of the document will do."""

    def is_fulfilled_by(self, source: str, text: str) -> bool:
        """Whether a hit is that passage."""
        is_source = source == self.source or source.endswith(f"/{self.source}")
        return is_source and plain_words(self.quote) in plain_words(text)


class Question(BaseModel):
    """A question with what answers it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str = Field(min_length=1)
    relevant: tuple[Label, ...] = ()
    """Empty: the documents do not answer it."""
    tags: tuple[str, ...] = ()

    @property
    def part(self) -> Part:
        """`tune` or `test`: half of the questions are never used to choose anything."""
        return "tune" if hashlib.sha256(self.question.encode()).digest()[0] % 2 else "test"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    questions: tuple[Question, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Dataset:
    """Labelled questions."""

    name: str
    digest: str
    """The first 12 digits of its SHA-256."""
    questions: tuple[Question, ...]

    def of(self, part: Part) -> list[Question]:
        """Return the questions of a part."""
        return [question for question in self.questions if part in {"all", question.part}]


def load_dataset(path: Path) -> Dataset:
    """Read a dataset. Raises `InvalidInput` that says what is wrong with it."""
    try:
        content = path.read_bytes()
        found = _File.model_validate(yaml.safe_load(content))
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise InvalidInput(f"{path} is not YAML: {error}.") from None
    except ValidationError as error:
        raise InvalidInput(f"{path} is not a dataset.", fields=field_errors(error)) from None
    return Dataset(path.stem, hashlib.sha256(content).hexdigest()[:12], found.questions)
