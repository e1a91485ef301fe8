"""JSON schemas that clients send: checked before a model sees them, and used on what it answers.

The validator is compiled, so that a large schema blocks nobody. It fetches no reference, and its
patterns cannot run forever, whatever a model answers.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Annotated, Any, NoReturn, cast

from jsonschema_rs import Draft202012Validator, FancyRegexOptions, ReferencingError, ValidationError
from pydantic import AfterValidator, TypeAdapter
from pydantic_ai import StructuredDict
from pydantic_ai.exceptions import UserError

from app.core.errors import FieldError, InvalidInput
from app.core.text import storable

_DEEPEST = 50
_MOST_PROBLEMS = 5


def check_schema(field: str, schema: Mapping[str, Any]) -> Draft202012Validator:
    """Return a validator of a schema. Raises `InvalidInput` that names the field."""
    if _is_deeper(schema, _DEEPEST):
        raise _wrong(field, f"it is nested deeper than {_DEEPEST} levels")
    try:
        storable(dict(schema))
        return Draft202012Validator(
            dict(schema), retriever=_fetch_nothing, pattern_options=FancyRegexOptions(backtrack_limit=10_000)
        )
    except (ValidationError, ReferencingError) as error:
        reason = error.message if isinstance(error, ValidationError) else str(error)
        raise _wrong(field, f"it is not a valid JSON schema: {reason}") from None
    except ValueError as error:
        raise _wrong(field, str(error)) from None


def answer_type(field: str, name: str, schema: Mapping[str, Any]) -> Any:
    """Return the type of answers that fit a schema. Raises `InvalidInput` that names the field."""
    validator = check_schema(field, schema)

    def check(answer: dict[str, Any]) -> dict[str, Any]:
        problems = islice(validator.iter_errors(answer), _MOST_PROBLEMS)
        if found := [_described(problem) for problem in problems]:
            raise ValueError("; ".join(found))
        return answer

    try:
        output_type = StructuredDict(dict(schema), name=name)
        TypeAdapter(output_type).json_schema()
    except (UserError, LookupError) as error:  # a reference that leads nowhere
        raise _wrong(field, str(error)) from None
    return cast("Any", Annotated)[output_type, AfterValidator(check)]


def _described(problem: ValidationError) -> str:
    path = ".".join(map(str, problem.instance_path))
    return f"{path}: {problem.message}" if path else problem.message


def _fetch_nothing(uri: str) -> NoReturn:
    raise ValueError(f"a reference to another document is not supported: {uri}")


def _is_deeper(value: object, levels: int) -> bool:
    """Whether objects and lists are nested deeper; without recursion, which would end before they do."""
    level = [value]
    for _ in range(levels):
        inner = [list(item.values()) if isinstance(item, Mapping) else item for item in level]
        level = [child for item in inner if isinstance(item, list) for child in item]
        if not level:
            return False
    return True


def _wrong(field: str, message: str) -> InvalidInput:
    return InvalidInput("The request is wrong.", fields=[FieldError(field, message)])
