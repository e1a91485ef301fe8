"""Check a graph when it is declared: every error names the node."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import PydanticSchemaGenerationError, TypeAdapter

from app.graphs.context import Context
from app.graphs.errors import DefinitionError
from app.graphs.fit import either, fits
from app.graphs.functions import optional, parameters, result
from app.graphs.groups import Branches, ForEach, Loop, SubGraph
from app.graphs.nodes import END, Approval, Model, Node, Router

if TYPE_CHECKING:
    from app.graphs.graph import Graph

_RESERVED = {"input", "context", "item", END, "INPUT", "OUTPUT"}

Types = Mapping[str, Any]


def check(graph: "Graph[Any, Any]") -> None:
    """Raise `DefinitionError` if the graph cannot work."""
    if not graph.nodes:
        raise DefinitionError(f"Workflow {graph.name!r} has no nodes.")
    _check_names(graph)
    _check_settings(graph)
    _check_targets(graph)
    # in topological order, what is known before a node is complete when the node is looked at
    order = _in_order(graph)
    always, sometimes = _given_before(graph, order)
    known = {"input": graph.input, "context": Context}
    for node in graph.nodes:
        optional = {name: given | None for name, given in sometimes[node.name].items()}
        _check_reads(node, {**optional, **always[node.name], **known}, graph.name)
    _check_approvals(graph.nodes, graph.name)
    for index, node in enumerate(graph.nodes):
        if END in graph.next_of(index) and not node.targets() and not fits(node.produces, graph.output):
            raise _wrong(graph.name, node, f"ends with {_show(node.produces)}, not {_show(graph.output)}")


def _check_names(graph: "Graph[Any, Any]") -> None:
    seen: set[str] = set()
    for node in _all(graph.nodes):
        if not node.name.isidentifier() or node.name in _RESERVED:
            raise _wrong(
                graph.name, node, f"needs a name that is an identifier and none of {sorted(_RESERVED)}"
            )
        if node.name in seen:
            raise _wrong(graph.name, node, "has the name of another node")
        if not node.writes.isidentifier() or node.writes in _RESERVED:
            raise _wrong(
                graph.name, node, f"cannot write {node.writes!r}: that is not an identifier, or reserved"
            )
        seen.add(node.name)


def _check_targets(graph: "Graph[Any, Any]") -> None:
    """Check where nodes lead: those of the workflow itself to others of it, those inside others nowhere."""
    names = {node.name for node in graph.nodes}
    for index, node in enumerate(graph.nodes):
        if node.targets() and node.next:
            raise _wrong(graph.name, node, "chooses what follows: it cannot have `next` too")
        if END in node.targets():
            raise _wrong(graph.name, node, "chooses END: let it choose a node that gives the output")
        for target in graph.next_of(index):
            if target not in {END, *names}:
                raise _wrong(graph.name, node, f"leads to {target!r}, which is not a node")
    for node in _all(graph.nodes):
        if node.name not in names and (node.targets() or node.next):
            raise _wrong(graph.name, node, "is inside another node: it cannot say what follows")


def _check_settings(graph: "Graph[Any, Any]") -> None:
    for node in _all(graph.nodes):
        _check_node(node, graph.name)


def _check_node(node: Node, graph: str) -> None:
    bounds = {"attempts": node.attempts, "max_concurrency": 1, "max_rounds": 1}
    bounds |= {name: getattr(node, name) for name in bounds if hasattr(node, name)}
    if wrong := [name for name, value in bounds.items() if value < 1]:
        raise _wrong(graph, node, f"needs {wrong[0]} of at least 1")
    if isinstance(node, Loop | Branches) and not node.nodes:
        raise _wrong(graph, node, "has no nodes in it")
    if isinstance(node, Branches) and len({n.writes for n in (node, *node.nodes)}) <= len(node.nodes):
        raise _wrong(graph, node, "has two nodes that write the same output")
    if isinstance(node, Loop) and node.after not in {None, *(inner.name for inner in node.nodes)}:
        raise _wrong(graph, node, f"asks after {node.after!r}, which is not a node in it")
    if isinstance(node, SubGraph) and not fits(result(node.input), node.graph.input):
        raise _wrong(graph, node, f"gives {_show(result(node.input))}, not {_show(node.graph.input)}")
    if isinstance(node, Router) and isinstance(node.otherwise, Model):
        _check_model(node, node.otherwise, graph)
    _check_output(node, graph)


def _check_model(router: Router, model: Model, graph: str) -> None:
    if "to" not in getattr(model.output_type, "model_fields", {}):
        raise _wrong(graph, router, "asks a model whose output has no field 'to'")
    if not router.choices:
        raise _wrong(graph, router, "asks a model, but gives it no choices")
    if model.time_limit is not None or model.max_cost is not None or model.attempts != 1:
        raise _wrong(graph, router, "asks a model that has limits of its own: give them to the router")


def _check_output(node: Node, graph: str) -> None:
    try:
        TypeAdapter(node.produces)
    except PydanticSchemaGenerationError:
        raise _wrong(graph, node, f"gives {_show(node.produces)}, which cannot be written as JSON") from None


def _check_approvals(nodes: "Sequence[Node]", graph: str, outer: Node | None = None) -> None:
    """A run waits for one person at a time: nothing else may go on beside an approval."""
    for node in nodes:
        if outer and isinstance(node, Approval):
            # the run would be stored as waiting while its other branches still work
            raise _wrong(graph, node, f"cannot wait inside {outer.name!r}, where nodes run at the same time")
        parallel = node if isinstance(node, Branches | ForEach) else outer
        _check_approvals(node.graph.nodes if isinstance(node, SubGraph) else node.inner(), graph, parallel)


def _all(nodes: "tuple[Node, ...] | Any") -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _all(node.inner())


def _in_order(graph: "Graph[Any, Any]") -> list[str]:
    """Return the names of the nodes, each after those that may come before it."""
    before: dict[str, set[str]] = {node.name: set() for node in graph.nodes}
    for index, node in enumerate(graph.nodes):
        for target in graph.next_of(index):
            if target != END:
                before[target].add(node.name)
    for node in graph.nodes[1:]:
        if not before[node.name]:
            raise _wrong(graph.name, node, "cannot be reached")
    try:
        order = list(TopologicalSorter(before).static_order())
    except CycleError as error:
        path = " → ".join(reversed(error.args[1]))
        raise DefinitionError(f"Workflow {graph.name!r} goes in a circle: {path}. Use a Loop.") from None
    return order


def _given_before(graph: "Graph[Any, Any]", order: list[str]) -> tuple[dict[str, Types], dict[str, Types]]:
    """Return, for each node, the outputs that are there whenever it runs, and those that may be there."""
    nodes = {node.name: node for node in graph.nodes}
    before: dict[str, list[str]] = {name: [] for name in nodes}
    for index, node in enumerate(graph.nodes):
        for target in graph.next_of(index):
            if target != END:
                before[target].append(node.name)
    always: dict[str, Types] = {}
    sometimes: dict[str, Types] = {}
    for name in order:
        # data-flow analysis as in a compiler: a node that is reached on several ways can rely on the
        # intersection of what they give, and may find their union
        ways = [{**always[other], **_gives(nodes[other], always[other])} for other in before[name]]
        maybe = [{**sometimes[other], **ways[i]} for i, other in enumerate(before[name])]
        common = set.intersection(*(set(way) for way in ways)) if ways else set()
        always[name] = {given: either(*(way[given] for way in ways)) for given in common}
        sometimes[name] = _merged(maybe)
    return always, sometimes


def _merged(ways: Sequence[Types]) -> Types:
    """Return the outputs of any of the ways."""
    names = {name for way in ways for name in way}
    return {name: either(*(way[name] for way in ways if name in way)) for name in names}


def _gives(node: Node, known: Types) -> Types:
    """Return what later nodes can read of a node and of those inside it."""
    if isinstance(node, Branches):
        return {node.writes: node.produces, **{inner.writes: inner.produces for inner in node.nodes}}
    if not isinstance(node, Loop):
        return {node.writes: node.produces}
    names = [inner.name for inner in node.nodes]
    # a loop that asks in the middle may end there, in its first round already
    sure = names.index(node.after or names[-1])
    given = {inner.writes: inner.produces for inner in node.nodes[: sure + 1]}
    for inner in node.nodes[sure + 1 :]:  # may never have run: then it is what it was before
        given[inner.writes] = either(
            inner.produces, given.get(inner.writes, known.get(inner.writes, type(None)))
        )
    return {**given, node.writes: node.produces}


def _check_reads(node: Node, given: Types, graph: str) -> None:
    for inner, seen in _inside(node, given, graph):
        _check_reads(inner, seen, graph)
    if isinstance(node, Loop):  # its question is asked inside
        given = {**given, **_gives(node, given)}
    if isinstance(node, ForEach) and isinstance(node.over, str) and node.over not in given:
        raise _wrong(graph, node, f"goes over {node.over!r}, which no node before it writes")
    for reader in node.functions():
        for name, wanted in parameters(reader).items():
            # a parameter with a default may stay without a value
            if name not in given and name in optional(reader):
                continue
            if name not in given:
                raise _wrong(graph, node, f"reads {name!r}, which no node before it writes")
            if not fits(given[name], wanted):
                said = f"reads {name!r} as {_show(wanted)}, but it is {_show(given[name])}"
                raise _wrong(graph, node, said)


def _inside(node: Node, given: Types, graph: str) -> Iterator[tuple[Node, Types]]:
    """Yield the nodes inside another one, each with what it can read."""
    if isinstance(node, ForEach):
        yield node.node, {**given, "item": _item(node, given, graph)}
    elif isinstance(node, Loop):
        # in the first round a node sees nothing of the nodes after it; in later rounds it does
        seen = {
            **given,
            **{
                inner.writes: either(inner.produces, given.get(inner.writes, type(None)))
                for inner in node.nodes
            },
        }
        for inner in node.nodes:
            yield inner, seen
            seen = {**seen, inner.writes: inner.produces}
    else:
        for inner in node.inner():
            yield inner, given


def _item(node: ForEach, given: Types, graph: str) -> Any:
    """Return the type of the items of a list."""
    listed = given.get(node.over, Any) if isinstance(node.over, str) else result(node.over)
    outer = get_origin(listed) or listed
    if listed is Any:
        return Any
    # a text is a sequence too: to go over its characters is never meant
    if not isinstance(outer, type) or not issubclass(outer, Sequence) or issubclass(outer, str | bytes):
        raise _wrong(graph, node, f"goes over {_show(listed)}, which is not a list")
    return (get_args(listed) or (Any,))[0]


def _show(type_: Any) -> str:
    return type_.__name__ if isinstance(type_, type) and not get_args(type_) else str(type_)


def _wrong(graph: str, node: Node, what: str) -> DefinitionError:
    return DefinitionError(f"Workflow {graph!r}: node {node.name!r} {what}.")
