"""Workflows as graphs of nodes: with as little AI as possible, from clear building blocks. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.workflows.chat import as_chat_model
    from app.workflows.context import Context
    from app.workflows.flow import Flow, Observed, observe, run
    from app.workflows.groups import Branches, Each, Loop, Sub
    from app.workflows.nodes import END, Agent, Approval, Function, Model, Node, Router, Rule

__all__ = [
    "END",
    "Agent",
    "Approval",
    "Branches",
    "Context",
    "Each",
    "Flow",
    "Function",
    "Loop",
    "Model",
    "Node",
    "Observed",
    "Router",
    "Rule",
    "Sub",
    "as_chat_model",
    "observe",
    "run",
]

__getattr__ = lazy_exports(
    __name__,
    chat=("as_chat_model",),
    context=("Context",),
    flow=("Flow", "Observed", "observe", "run"),
    groups=("Branches", "Each", "Loop", "Sub"),
    nodes=("END", "Agent", "Approval", "Function", "Model", "Node", "Router", "Rule"),
)
