"""What a workflow is to the rest of the application: typed input in, typed output out."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

In = TypeVar("In", bound=BaseModel)
Out = TypeVar("Out", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Workflow(Generic[In, Out]):
    """A named unit of work. Its input is validated before `run` is called.

    `example` is one valid input, shown in the API's documentation and by `app features`.
    """

    name: str
    summary: str
    input: type[In]
    output: type[Out]
    run: Callable[[In], Awaitable[Out]]
    example: Mapping[str, Any] = field(default_factory=dict)
