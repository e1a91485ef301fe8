"""Tools: typed functions that a model may call.

The name is the function's, the description its docstring, the schema comes from its parameters. What the
model sends is validated before the function is called; what is wrong with it is said to the model.
"""

import asyncio
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from app.core.errors import AppError
from app.llm import Tool

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class FunctionTool:
    """A function as a tool."""

    name: str
    description: str
    arguments: type[BaseModel]
    function: Callable[..., Any]
    seconds: float | None = None
    """Its own time limit."""

    def definition(self) -> Tool:
        """Return what the model is told of it."""
        return Tool(self.name, self.description, self.arguments.model_json_schema())

    async def call(self, arguments: str, seconds: float) -> str:
        """Call it with the model's arguments (JSON). What goes wrong is told: the model can react."""
        try:
            values = self.arguments.model_validate_json(arguments or "{}")
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, p['loc'])) or 'it'}: {p['msg']}" for p in error.errors()
            )
            return f"The arguments are wrong: {problems}."
        limit = self.seconds or seconds
        try:
            async with asyncio.timeout(limit):
                return _text(await _outcome(self.function, dict(values)))
        except TimeoutError:
            return f"The tool did not answer within {limit:g} seconds."
        except AppError as error:
            return f"The tool failed: {error}"
        except Exception:
            log.exception("tool.broken", tool=self.name)
            return "The tool failed."


async def _outcome(function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    if inspect.iscoroutinefunction(function):
        return await function(**values)
    return await asyncio.to_thread(function, **values)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, BaseModel):
        return value.model_dump_json()
    return json.dumps(value, ensure_ascii=False, default=str)


def tool(function: Callable[..., Any], *, seconds: float | None = None) -> FunctionTool:
    """Make a tool of a function. Raises `TypeError` if it has no types or no docstring."""
    name = getattr(function, "__name__", "tool")
    description = inspect.getdoc(function)
    if not description:
        raise TypeError(f"{name}() needs a docstring: the model reads it.")
    hints = get_type_hints(function)
    fields: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in hints:
            raise TypeError(f"{name}() needs a type for its parameter {parameter.name!r}.")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    arguments = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
    return FunctionTool(name, description, arguments, function, seconds)
