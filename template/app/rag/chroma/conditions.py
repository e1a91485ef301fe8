"""What chunks must fulfil, as Chroma writes it: an object, in which every value stays a value."""

from typing import Any

from app.rag import Condition, Origin, Where, day_number

_BUILT_IN = {"document", "source", "format", "language", "kind", "page"}
_ORDER = {"lt", "lte", "gt", "gte"}


def to_metadata(origin: Origin) -> dict[str, str | float | bool]:
    """Return what the chunks of a document can be filtered by.

    Chroma puts only numbers in order: a date stands there once more, as the number of its day.
    """
    own = {f"own.{name}": value for name, value in origin.fields.items()}
    days = {
        f"day.{name}": day for name, value in origin.fields.items() if (day := day_number(value)) is not None
    }
    return {
        "document": str(origin.document),
        "version": origin.version,
        "owner": origin.owner,
        "source": origin.source,
        "format": origin.format,
        "language": origin.language,
        **own,
        **days,
    }


def to_where(where: Where) -> dict[str, Any] | None:
    """Return a filter; None if there is nothing to fulfil."""
    parts: list[dict[str, Any]] = [] if where.readers is None else [{"owner": {"$in": list(where.readers)}}]
    parts += [_condition(condition) for condition in where.conditions]
    return all_of(parts)


def all_of(parts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return a filter that holds where all of these do: Chroma takes `$and` for two or more."""
    return {"$and": parts} if len(parts) > 1 else next(iter(parts), None)


def _condition(condition: Condition) -> dict[str, dict[str, Any]]:
    value = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    if condition.field in _BUILT_IN:
        return {condition.field: {f"${condition.operator}": value}}
    day = day_number(value) if condition.operator in _ORDER else None
    if day is not None:
        return {f"day.{condition.field}": {f"${condition.operator}": day}}
    return {f"own.{condition.field}": {f"${condition.operator}": value}}
