"""What chunks must fulfil, as SQL. Names are known ones, and every value is a parameter."""

import json
from typing import Any

from app.rag import Condition, Where

_COLUMNS = {
    "document": "document_id::text",
    "source": "source",
    "format": "format",
    "language": "language",
    "kind": "kind",
    "page": "page",
}
_SIGNS = {"eq": "=", "ne": "IS DISTINCT FROM", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def to_sql(where: Where) -> tuple[str, dict[str, Any]]:
    """Return a condition to be put behind others, and its parameters."""
    parts, parameters = [""], {}
    if where.readers is not None:
        parts.append("owner = ANY(:readers)")
        parameters["readers"] = list(where.readers)
    for number, condition in enumerate(where.conditions):
        sql, values = _condition(condition, f"value{number}", f"name{number}")
        parts.append(sql)
        parameters |= values
    return " AND ".join(parts), parameters


def _condition(condition: Condition, value: str, name: str) -> tuple[str, dict[str, Any]]:
    column = _COLUMNS.get(condition.field)
    given = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    if column and condition.operator == "in":
        return f"{column} = ANY(:{value})", {value: given}
    if column:
        return f"{column} {_SIGNS[condition.operator]} :{value}", {value: given}
    if condition.operator == "eq":  # contained in the document's fields: the GIN index answers that
        return f"fields @> CAST(:{value} AS jsonb)", {value: json.dumps({condition.field: given})}
    own = f"fields -> CAST(:{name} AS text)"
    if condition.operator == "in":
        wanted = [json.dumps(item) for item in given] if isinstance(given, list) else []
        return f"{own} = ANY(CAST(:{value} AS jsonb[]))", {value: wanted, name: condition.field}
    sign = _SIGNS[condition.operator]
    return f"{own} {sign} CAST(:{value} AS jsonb)", {value: json.dumps(given), name: condition.field}
