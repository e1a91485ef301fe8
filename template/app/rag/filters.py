"""Filters: a JSON object becomes conditions whose fields are known and whose values have the right type.

`{"format": "pdf", "year": {"gte": 2025}, "department": {"in": ["sales", "law"]}}`: all must hold. A store
gets each value as a parameter, and no name that is not in the settings: nothing of a filter is ever part of
a statement.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, get_args

from app.core.errors import FieldError, available
from app.rag.errors import UnknownField
from app.rag.settings import FieldType, RagSettings
from app.rag.store import Condition, Operator, Value

_OPERATORS: tuple[Operator, ...] = get_args(Operator)
_EQUALITY = frozenset({"eq", "ne", "in"})
_LONGEST_LIST = 1000
_TYPES: dict[FieldType, str] = {
    "text": "a text",
    "number": "a number",
    "date": "a date as YYYY-MM-DD",
    "flag": "true or false",
}


def parse_filter(given: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Return the conditions of a filter. Raises `UnknownField`, which names what is wrong."""
    types = RagSettings.load().types()
    return tuple(
        _condition(name, operator, value, types[_known(name, types)])
        for name, wanted in given.items()
        for operator, value in (wanted.items() if isinstance(wanted, Mapping) else [("eq", wanted)])
    )


def check_fields(given: Mapping[str, Any]) -> dict[str, Value]:
    """Return a document's own fields. Raises `UnknownField`, which names what is wrong."""
    types = RagSettings.load().fields
    return {
        name: _value(f"fields.{name}", value, types[_known(name, types)]) for name, value in given.items()
    }


def day_number(value: object) -> int | None:
    """Return the number of the day that an ISO date names, for stores that put only numbers in order."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value).toordinal()
    except ValueError:
        return None


def _known(name: str, types: Mapping[str, FieldType]) -> str:
    if name not in types:
        raise UnknownField(
            f"There is no field {name[:100]!r}.", hint=f"{available(types)} RAG_FIELDS adds some."
        )
    return name


def _condition(name: str, operator: Any, value: Any, type_: FieldType) -> Condition:
    place = f"filter.{name}"
    if operator not in _OPERATORS or (type_ in {"text", "flag"} and operator not in _EQUALITY):
        usable = [known for known in _OPERATORS if type_ not in {"text", "flag"} or known in _EQUALITY]
        raise _wrong(place, f"{str(operator)[:50]!r} does not go with it. {available(usable)}")
    if operator != "in":
        return Condition(name, operator, _value(place, value, type_))
    if not isinstance(value, list) or not 1 <= len(value) <= _LONGEST_LIST:
        raise _wrong(place, f"`in` takes a list of 1 to {_LONGEST_LIST} values")
    return Condition(name, "in", tuple(_value(place, item, type_) for item in value))


def _value(place: str, value: Any, type_: FieldType) -> Value:
    match type_:
        case "text" if isinstance(value, str) and "\0" not in value:
            return value
        case "flag" if isinstance(value, bool):
            return value
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            if abs(value) < 1e15:
                return float(value)
        case "date" if isinstance(value, str):
            try:
                return date.fromisoformat(value).isoformat()
            except ValueError:
                pass
    raise _wrong(place, f"it must be {_TYPES[type_]}")


def _wrong(place: str, message: str) -> UnknownField:
    return UnknownField("The filter does not fit.", fields=[FieldError(place, message)])
