"""Agents: a model that may use tools, in a loop, within limits. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.agents.agent import Agent, AgentEvent, AgentResult, Limits
    from app.agents.native import NativeAgent
    from app.agents.tools import FunctionTool, tool

__all__ = ["Agent", "AgentEvent", "AgentResult", "FunctionTool", "Limits", "NativeAgent", "tool"]

__getattr__ = lazy_exports(
    __name__,
    agent=("Agent", "AgentEvent", "AgentResult", "Limits"),
    native=("NativeAgent",),
    tools=("FunctionTool", "tool"),
)
