"""What chunks must fulfil, as filters of Weaviate's client: values are fields of a message, never text."""

from typing import Any
from uuid import UUID

from weaviate.classes.query import Filter
from weaviate.collections.classes.filters import _Filters as Filters

from app.rag import BUILT_IN_FIELDS, Condition, RagSettings, Where, day_number
from app.rag.weaviate.properties import day, own

_COMPARISONS = {
    "eq": "equal",
    "lt": "less_than",
    "lte": "less_or_equal",
    "gt": "greater_than",
    "gte": "greater_or_equal",
    "in": "contains_any",
}


def to_filter(where: Where) -> Filters | None:
    """Return a filter; None if there is nothing to fulfil."""
    parts = [] if where.readers is None else [Filter.by_property("owner").contains_any(list(where.readers))]
    parts += [_condition(condition) for condition in where.conditions]
    return Filter.all_of(parts) if parts else None


def of_document(document: UUID, keep: int | None = None) -> Filters:
    """Return a filter for the chunks of a document, but for those of the version `keep`."""
    found = Filter.by_property("document").equal(str(document))
    return found if keep is None else found & Filter.by_property("version").not_equal(keep)


def around(document: UUID, version: int, position: int, reach: int) -> Filters:
    """Return a filter for a chunk and those around it."""
    return Filter.all_of(
        [
            of_document(document),
            Filter.by_property("version").equal(version),
            Filter.by_property("position").greater_or_equal(position - reach),
            Filter.by_property("position").less_or_equal(position + reach),
        ]
    )


def _condition(condition: Condition) -> Filters:
    name, value = _property(condition)
    place = Filter.by_property(name)
    if condition.operator == "ne":
        return place.not_equal(value) | place.is_none(True)
    found: Filters = getattr(place, _COMPARISONS[condition.operator])(value)
    return found


def _property(condition: Condition) -> tuple[str, Any]:
    value = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    if condition.field in BUILT_IN_FIELDS:
        return condition.field, value
    type_ = RagSettings.load().fields[condition.field]
    if type_ == "date" and condition.operator not in {"eq", "ne", "in"}:
        return day(condition.field), day_number(value)
    return own(condition.field, type_), value
