"""Agents: a model that may use tools, in a loop, within limits. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.agents.agent import Agent, AgentEvent, AgentResult, Limits
    from app.agents.errors import AgentError
    from app.agents.make import framework, make_agent
    from app.agents.memory import Memory
    from app.agents.tools import AgentTool, as_tool, open_tools, tool

__all__ = [
    "Agent",
    "AgentError",
    "AgentEvent",
    "AgentResult",
    "AgentTool",
    "Limits",
    "Memory",
    "as_tool",
    "framework",
    "make_agent",
    "open_tools",
    "tool",
]

__getattr__ = lazy_exports(
    __name__,
    agent=("Agent", "AgentEvent", "AgentResult", "Limits"),
    errors=("AgentError",),
    make=("framework", "make_agent"),
    memory=("Memory",),
    tools=("AgentTool", "as_tool", "open_tools", "tool"),
)
