"""Functions whose parameters say what they need: each names an earlier node, `input` or `context`."""

import inspect
from collections.abc import Callable, Collection, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any, get_type_hints

from app.workflows.errors import DefinitionError


@cache
def parameters(function: Callable[..., Any]) -> Mapping[str, Any]:
    """Return the names and types of a function's parameters. Raises `DefinitionError` if one has no type."""
    names = inspect.signature(function).parameters
    hints = _hints(function, names)
    if untyped := [name for name in names if name not in hints]:
        raise DefinitionError(f"{name_of(function)}() needs a type for its parameters {untyped}.")
    return {name: hints[name] for name in names}


@cache
def result(function: Callable[..., Any]) -> Any:
    """Return the type of what a function returns. Raises `DefinitionError` if it has none."""
    hints = _hints(function, ["return"])
    if "return" not in hints:
        raise DefinitionError(f"{name_of(function)}() needs a type for what it returns.")
    return hints["return"]


def _hints(function: Callable[..., Any], names: Collection[str]) -> dict[str, Any]:
    """Return some of a function's types: others may not be importable without what is heavy."""
    some = {name: hint for name, hint in function.__annotations__.items() if name in names}
    return get_type_hints(
        SimpleNamespace(__annotations__=some), globalns=getattr(function, "__globals__", {})
    )


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function."""
    return str(getattr(function, "__name__", function))


async def call(function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    """Call a function, async or not, with the values that its parameters name; None where there is none."""
    arguments = {name: values.get(name) for name in parameters(function)}
    outcome = function(**arguments)
    return await outcome if inspect.isawaitable(outcome) else outcome
