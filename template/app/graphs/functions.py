"""Functions whose parameters say what they need: each names an earlier node, `input` or `context`."""

import inspect
from collections.abc import Callable, Collection, Mapping
from functools import cache, partial
from types import SimpleNamespace
from typing import Any, get_type_hints

from app.core.threads import run_in_thread
from app.graphs.errors import DefinitionError


@cache
def parameters(function: Callable[..., Any]) -> Mapping[str, Any]:
    """Return the names and types of a function's parameters. Raises `DefinitionError` if one has no type."""
    declared = _signature(function)
    if unnamed := [p.name for p in declared.values() if p.kind not in _BY_NAME]:
        raise DefinitionError(f"{name_of(function)}() needs parameters with names, not {unnamed}.")
    hints = _hints(function, declared)
    if untyped := [name for name in declared if name not in hints]:
        raise DefinitionError(f"{name_of(function)}() needs a type for its parameters {untyped}.")
    return {name: hints[name] for name in declared}


@cache
def optional(function: Callable[..., Any]) -> frozenset[str]:
    """Return the names of the parameters that have a default."""
    declared = _signature(function)
    return frozenset(name for name, p in declared.items() if p.default is not inspect.Parameter.empty)


@cache
def result(function: Callable[..., Any]) -> Any:
    """Return the type of what a function returns. Raises `DefinitionError` if it has none."""
    hints = _hints(function, ["return"])
    if "return" not in hints:
        raise DefinitionError(f"{name_of(function)}() needs a type for what it returns.")
    return hints["return"]


_BY_NAME = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}


def _signature(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"{name_of(function)} cannot be called by name: {error}.") from None


def _hints(function: Callable[..., Any], names: Collection[str]) -> dict[str, Any]:
    """Return some of a function's types: others may not be importable without what is heavy."""
    real: Any = inspect.unwrap(function.func if isinstance(function, partial) else function)
    if not hasattr(real, "__annotations__") or not hasattr(real, "__globals__"):
        real = type(real).__call__  # an object that can be called
    annotations = getattr(real, "__annotations__", {})
    some = {name: hint for name, hint in annotations.items() if name in names}
    try:
        return get_type_hints(
            SimpleNamespace(__annotations__=some), globalns=getattr(real, "__globals__", {})
        )
    except NameError as error:
        raise DefinitionError(f"{name_of(function)}() has a type that is not known here: {error}.") from None


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function."""
    return str(getattr(function, "__name__", function))


async def call(function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    """Call a function with the values that its parameters name; None where there is none.

    One that is not async runs in a thread: it may compute or wait, and its node's time limit holds.
    """
    skipped = optional(function) - values.keys()
    arguments = {name: values.get(name) for name in parameters(function) if name not in skipped}
    if inspect.iscoroutinefunction(function):
        return await function(**arguments)
    outcome = await run_in_thread(function, **arguments)
    return await outcome if inspect.isawaitable(outcome) else outcome
