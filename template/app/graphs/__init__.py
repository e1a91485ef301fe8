"""Workflows as graphs of nodes: with as little AI as possible, from clear building blocks. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.graphs.chat import as_chat_model
    from app.graphs.context import Context
    from app.graphs.dry_run import is_dry_run
    from app.graphs.evals import CaseReport, evals_folder, load_labelled
    from app.graphs.graph import Graph, Observed, observe
    from app.graphs.groups import Branches, ForEach, Loop, SubGraph
    from app.graphs.nodes import END, Agent, Approval, Function, Model, Node, Router, Rule

__all__ = [
    "END",
    "Agent",
    "Approval",
    "Branches",
    "CaseReport",
    "Context",
    "ForEach",
    "Function",
    "Graph",
    "Loop",
    "Model",
    "Node",
    "Observed",
    "Router",
    "Rule",
    "SubGraph",
    "as_chat_model",
    "evals_folder",
    "is_dry_run",
    "load_labelled",
    "observe",
]

__getattr__ = lazy_exports(
    __name__,
    chat=("as_chat_model",),
    context=("Context",),
    dry_run=("is_dry_run",),
    evals=("CaseReport", "evals_folder", "load_labelled"),
    graph=("Graph", "Observed", "observe"),
    groups=("Branches", "ForEach", "Loop", "SubGraph"),
    nodes=("END", "Agent", "Approval", "Function", "Model", "Node", "Router", "Rule"),
)
