"""The picture of a workflow, drawn from its graph.

First what is in it (`picture`), then how it is written: as Mermaid (https://mermaid.js.org), which GitHub and
most editors show, or in the language of Graphviz (https://graphviz.org), which makes an SVG of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from app.graphs.functions import name_of
from app.graphs.groups import Branches, ForEach, Loop, SubGraph
from app.graphs.nodes import END, Agent, Approval, Model, Node, Router

if TYPE_CHECKING:
    from app.graphs.graph import Graph

_START, _FINISH = "INPUT", "OUTPUT"
_MERMAID_WORDS = {"class", "click", "default", "direction", "flowchart", "graph", "style", "subgraph"}
"""Names that Mermaid would take for something else."""


@dataclass(frozen=True)
class Box:
    """A node, or a frame around some."""

    name: str
    label: str
    kind: type[Node] | None
    inside: Sequence["Box"] = ()


@dataclass(frozen=True)
class Arrow:
    """What may follow what, and when."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True)
class Picture:
    """All boxes and arrows of a workflow."""

    boxes: Sequence[Box]
    arrows: Sequence[Arrow]


def picture(graph: "Graph[Any, Any]") -> Picture:
    """Return what is to be drawn."""
    boxes = [Box(_START, graph.input.__name__, None), *map(_box, graph.nodes)]
    arrows = [Arrow(_START, graph.nodes[0].name)]
    for index, node in enumerate(graph.nodes):
        arrows += _arrows(node, graph.next_of(index))
    return Picture([*boxes, Box(_FINISH, graph.output.__name__, None)], arrows)


def _box(node: Node) -> Box:
    if isinstance(node, ForEach):
        label = f"{node.name}: for each, {node.max_concurrency} at once"
    elif isinstance(node, Branches):
        label = f"{node.name}: at the same time"
    elif isinstance(node, Loop):
        label = f"{node.name}: until {name_of(node.until)}, at most {node.max_rounds} times"
    elif isinstance(node, SubGraph):
        label = f"{node.name}: {node.graph.name}"
    elif isinstance(node, Agent):
        label = f"{node.name}: an agent"
    elif isinstance(node, Approval):
        label = f"{node.name}: a person decides"
    else:
        label = node.name
    return Box(node.name, label, type(node), [_box(inner) for inner in node.inner()])


def _arrows(node: Node, following: Sequence[str]) -> Iterator[Arrow]:
    inner = node.inner()
    if isinstance(node, Loop):
        yield from (Arrow(one.name, other.name) for one, other in pairwise(inner))
    for one in inner:
        yield from _arrows(one, ())
    if not isinstance(node, Router):
        yield from (Arrow(node.name, _target(name)) for name in following)
        return
    for rule in node.rules:
        yield Arrow(node.name, _target(rule.to), name_of(rule.when))
    last = [node.otherwise] if isinstance(node.otherwise, str) else node.choices
    for name in last:
        yield Arrow(node.name, _target(name), "else" if isinstance(node.otherwise, str) else "the model")


def _target(name: str) -> str:
    return _FINISH if name == END else name


def as_mermaid(drawn: Picture) -> str:
    """Return the picture as Mermaid. Models get a double border; routers are diamonds."""
    lines = ["flowchart TD"]
    for box in drawn.boxes:
        lines += _mermaid_box(box, "    ")
    for arrow in drawn.arrows:
        label = f'|"{arrow.label}"|' if arrow.label else ""
        lines.append(f"    {_mermaid_name(arrow.source)} -->{label} {_mermaid_name(arrow.target)}")
    return "\n".join(lines) + "\n"


def _mermaid_name(name: str) -> str:
    return f"{name}_" if name in _MERMAID_WORDS else name


_MERMAID: dict[type[Node] | None, tuple[str, str]] = {
    None: ("([", "])"),
    Model: ("[[", "]]"),
    Agent: ("[[", "]]"),
    Approval: ("[/", "\\]"),
    Router: ("{", "}"),
    SubGraph: ("[/", "/]"),
}


def _mermaid_box(box: Box, indent: str) -> Iterator[str]:
    if not box.inside:
        left, right = _MERMAID.get(box.kind, ("[", "]"))
        yield f'{indent}{_mermaid_name(box.name)}{left}"{box.label}"{right}'
        return
    yield f'{indent}subgraph {_mermaid_name(box.name)}["{box.label}"]'
    for inner in box.inside:
        yield from _mermaid_box(inner, f"{indent}    ")
    yield f"{indent}end"


def as_dot(drawn: Picture) -> str:
    """Return the picture in the language of Graphviz."""
    lines = ["digraph {", '    graph [fontname="sans-serif", compound=true]']
    lines += [
        '    node [shape=box, style=rounded, fontname="sans-serif"]',
        '    edge [fontname="sans-serif"]',
    ]
    frames: dict[str, Box] = {}
    for box in drawn.boxes:
        lines += _dot_box(box, "    ", frames)
    lines += [_dot_arrow(arrow, frames) for arrow in drawn.arrows]
    return "\n".join([*lines, "}"]) + "\n"


_DOT: dict[type[Node] | None, str] = {
    None: "shape=oval",
    Model: "peripheries=2",
    Agent: "peripheries=2",
    Approval: "shape=house",
    Router: "shape=diamond",
    SubGraph: "shape=parallelogram",
}


def _dot_arrow(arrow: Arrow, frames: Mapping[str, Box]) -> str:
    """Return an arrow. One from or to a frame joins its last or first box, and is cut at the frame."""
    source, target, options = arrow.source, arrow.target, [f'label="{arrow.label}"'] if arrow.label else []
    if source in frames:
        options.append(f'ltail="cluster_{source}"')
    if target in frames:
        options.append(f'lhead="cluster_{target}"')
    while source in frames:
        source = frames[source].inside[-1].name
    while target in frames:
        target = frames[target].inside[0].name
    return f'    "{source}" -> "{target}"' + (f" [{', '.join(options)}]" if options else "")


def _dot_box(box: Box, indent: str, frames: dict[str, Box]) -> Iterator[str]:
    if not box.inside:
        more = f", {_DOT[box.kind]}" if box.kind in _DOT else ""
        yield f'{indent}"{box.name}" [label="{box.label}"{more}]'
        return
    frames[box.name] = box
    yield f'{indent}subgraph "cluster_{box.name}" {{'
    yield f'{indent}    label="{box.label}"'
    for inner in box.inside:
        yield from _dot_box(inner, f"{indent}    ", frames)
    yield f"{indent}}}"


def draw(graph: "Graph[Any, Any]", language: str) -> str:
    """Return the diagram as `mermaid` or `dot`."""
    drawn = picture(graph)
    return as_dot(drawn) if language == "dot" else as_mermaid(drawn)
