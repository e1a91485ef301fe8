"""Checks by code: the unit tests of what a model says. In `evals/checks.yml`, in a case, or in pytest.

- {name: short, field: reply, regex: "^.{1,400}$"}
- {field: total, near: 119.0, within: 0.01}
- {max_cost: 0.01, max_seconds: 20}
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from app.core.errors import InvalidInput, field_errors
from app.graphs import Observed

_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
_CITATION = re.compile(r"\[(\d+)\]")
_MISSING = object()


class Check(BaseModel):
    """What must hold of an output. All that is given must."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    """In the report; else what is checked, and where."""
    field: str = ""
    """A path such as `invoice.total`; empty: all of the output."""
    equals: Any = None
    contains: str | None = None
    lacks: str | None = None
    regex: str | None = None
    near: float | None = None
    within: float = Field(default=1e-9, ge=0)
    """How far a number may be from `near`."""
    json_schema: dict[str, Any] | None = None
    similar: str | None = None
    at_least: float = Field(default=0.8, ge=0, le=1)
    """Which part of the text must be like `similar` (Ratcliff and Obershelp 1988)."""
    citations: str | None = None
    """The field with the sources: each `[n]` must name one of them, and there must be one."""
    max_cost: Decimal | None = None
    """US dollars."""
    max_seconds: float | None = None

    @field_validator("regex")
    @classmethod
    def _compiles(cls, regex: str | None) -> str | None:
        try:
            re.compile(regex or "")
        except re.error as error:
            raise ValueError(f"it is no regular expression: {error}") from None
        return regex

    @field_validator("json_schema")
    @classmethod
    def _is_schema(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        import jsonschema_rs

        try:
            jsonschema_rs.validator_for(schema or {})
        except ValueError as error:
            problem = str(error).partition("\n")[0]
            raise ValueError(f"it is no JSON schema: {problem}") from None
        return schema

    @property
    def title(self) -> str:
        """Return its name in the report."""
        what = ",".join(sorted(set(_TESTS) & self.model_fields_set))
        return self.name or f"{self.field or 'output'}:{what}"

    def holds(self, output: Any, *, cost: Decimal = Decimal(0), seconds: float = 0.0) -> bool:
        """Whether it holds of an output, which may be a model, JSON data or a text."""
        if self.max_cost is not None and cost > self.max_cost:
            return False
        if self.max_seconds is not None and seconds > self.max_seconds:
            return False
        data = _ANYTHING.dump_python(output, mode="json")
        tests = [test for name, test in _TESTS.items() if test and name in self.model_fields_set]
        value = _at(data, self.field)
        return not tests or (value is not _MISSING and all(test(self, value, data) for test in tests))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _at(data: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        if isinstance(data, Mapping) and name in data:
            data = data[name]
        elif isinstance(data, list) and name.isdigit() and int(name) < len(data):
            data = data[int(name)]
        else:
            return _MISSING
    return data


def _is_near(check: Check, value: Any, _data: Any) -> bool:
    try:
        return abs(float(value) - (check.near or 0.0)) <= check.within
    except (TypeError, ValueError):
        return False


def _fits_schema(check: Check, value: Any, _data: Any) -> bool:
    import jsonschema_rs

    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return False
    return bool(jsonschema_rs.is_valid(check.json_schema or {}, value))


def _cites(check: Check, value: Any, data: Any) -> bool:
    sources = _at(data, check.citations or "")
    numbers = [int(number) for number in _CITATION.findall(_text(value))]
    known = len(sources) if isinstance(sources, list) else 0
    return bool(numbers) and all(1 <= number <= known for number in numbers)


_TESTS: dict[str, Callable[[Check, Any, Any], bool] | None] = {
    "equals": lambda check, value, _: value == check.equals,
    "contains": lambda check, value, _: (check.contains or "") in _text(value),
    "lacks": lambda check, value, _: (check.lacks or "") not in _text(value),
    "regex": lambda check, value, _: bool(re.search(check.regex or "", _text(value), re.DOTALL)),
    "near": _is_near,
    "json_schema": _fits_schema,
    "similar": lambda check, value, _: (
        SequenceMatcher(None, check.similar or "", _text(value), autojunk=False).ratio() >= check.at_least
    ),
    "citations": _cites,
    "max_cost": None,
    "max_seconds": None,
}
"""What is tested of the value; None: tested before."""


def case_checks(
    folder: Path, own: Sequence[Mapping[str, Any]]
) -> Callable[[Observed], list[tuple[str, bool]]]:
    """Return what tests a case, by the workflow's checks and its own: see `graphs.case_checks`.

    Raises `InvalidInput` that names the check that is wrong.
    """
    checks = [*load_checks(folder / "checks.yml"), *(_check(row, "of the case") for row in own)]

    def test(observed: Observed) -> list[tuple[str, bool]]:
        return [(check.title, _holds(check, observed)) for check in checks]

    return test


def _holds(check: Check, observed: Observed) -> bool:
    output = observed.question if observed.output is None else observed.output
    return observed.error is None and check.holds(output, cost=observed.cost, seconds=observed.seconds)


@cache
def load_checks(path: Path) -> tuple[Check, ...]:
    """Return the checks of a file; none if there is no such file."""
    if not path.exists():
        return ()
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except (UnicodeError, yaml.YAMLError) as error:
        raise InvalidInput(f"{path.name} cannot be read: {error}.") from None
    if not isinstance(rows, list):
        raise InvalidInput(f"{path.name} is no list of checks.")
    return tuple(_check(row, f"{number} of {path.name}") for number, row in enumerate(rows, 1))


def _check(row: object, where: str) -> Check:
    try:
        return Check.model_validate(row)
    except ValidationError as error:
        raise InvalidInput(f"Check {where} is wrong.", fields=field_errors(error)) from None
