"""Make an agent with the framework of this project: the module in `adapters/`."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from app.agents.agent import Limits
from app.agents.base import BaseAgent
from app.agents.settings import AgentsSettings
from app.agents.tools import AgentTool, Toolset
from app.core.errors import ConfigurationError, available
from app.llm import RenderedPrompt

T = TypeVar("T")


def frameworks() -> tuple[str, ...]:
    """Return the frameworks that there are adapters for."""
    folder = Path(__file__).parent / "adapters"
    return tuple(sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__"))


def framework() -> str:
    """Return the framework in use. Raises `ConfigurationError`."""
    chosen = AgentsSettings.load().framework or frameworks()[0]
    if chosen not in frameworks():
        raise ConfigurationError(
            f"AGENTS_FRAMEWORK: there is no adapter {chosen!r}.",
            hint=available(frameworks()),
        )
    return chosen


def make_agent(
    name: str,
    instructions: str | RenderedPrompt,
    *,
    output_type: type[T],
    description: str = "",
    tools: Sequence[AgentTool] = (),
    toolsets: Sequence[Toolset] = (),
    hand_offs: Sequence[BaseAgent[T]] = (),
    model: str | None = None,
    limits: Limits | None = None,
) -> BaseAgent[T]:
    """Make an agent. `output_type` is `str` or a Pydantic model.

    `toolsets` are opened for each run, such as `open_tools`; `hand_offs` are agents that may take over.
    """
    adapter: type[BaseAgent[Any]] = import_module(f"app.agents.adapters.{framework()}").AGENT
    return adapter(
        name,
        instructions,
        output_type=output_type,
        description=description,
        tools=tools,
        toolsets=toolsets,
        hand_offs=hand_offs,
        model=model,
        limits=limits,
    )
