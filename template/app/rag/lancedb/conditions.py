"""What chunks must fulfil, as SQL of LanceDB. Names are known; every value is quoted by LanceDB."""

from collections.abc import Collection
from functools import reduce
from operator import eq, ge, gt, le, lt, or_
from uuid import UUID

from lancedb.expr import Expr, col, lit

from app.rag import Condition, Where
from app.rag.lancedb.schema import own_column

_COMPARISONS = {"eq": eq, "lt": lt, "lte": le, "gt": gt, "gte": ge}
_NOTHING = "1 = 0"


def to_sql(where: Where, columns: Collection[str]) -> str | None:
    """Return a filter for a table with these columns; None if there is nothing to fulfil."""
    parts = [] if where.readers is None else [_one_of("owner", where.readers)]
    parts += [_condition(condition, columns) for condition in where.conditions]
    return " AND ".join(parts) or None


def of_document(document: UUID, keep: int | None = None) -> Expr:
    """Return a filter for the chunks of a document, but for those of the version `keep`."""
    found = col("document") == lit(str(document))
    return found if keep is None else found & (col("version") != lit(keep))


def around(document: UUID, version: int, position: int, reach: int) -> Expr:
    """Return a filter for a chunk and those around it."""
    place = (col("position") >= lit(position - reach)) & (col("position") <= lit(position + reach))
    return of_document(document) & (col("version") == lit(version)) & place


def any_of(parts: Collection[Expr]) -> Expr:
    """Return a filter that holds where one of these does."""
    return reduce(or_, parts)


def _condition(condition: Condition, columns: Collection[str]) -> str:
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    name = condition.field if condition.field in columns else own_column(condition.field, values[0])
    if condition.operator == "ne":
        return _is_other(name, values[0]) if name in columns else "1 = 1"
    if name not in columns:
        return _NOTHING
    if condition.operator == "in":
        return _one_of(name, values)
    comparison: Expr = _COMPARISONS[condition.operator](col(name), lit(values[0]))
    return comparison.to_sql()


def _is_other(name: str, value: str | float | bool) -> str:
    return f"({(col(name) != lit(value)).to_sql()} OR {col(name).to_sql()} IS NULL)"


def _one_of(name: str, values: Collection[str | float | bool]) -> str:
    return col(name).isin([lit(value) for value in values]).to_sql() if values else _NOTHING
