"""Check a graph when it is declared: every error names the node."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, NewType, Union, get_args, get_origin

from pydantic import PydanticSchemaGenerationError, TypeAdapter

from app.workflows.context import Context
from app.workflows.errors import DefinitionError
from app.workflows.functions import optional, parameters, result
from app.workflows.groups import Branches, Each, Loop, Sub
from app.workflows.nodes import END, Approval, Model, Node, Router

if TYPE_CHECKING:
    from app.workflows.flow import Flow

_RESERVED = {"input", "context", "item", END, "INPUT", "OUTPUT"}

Types = Mapping[str, Any]


def check(flow: "Flow[Any, Any]") -> None:
    """Raise `DefinitionError` if the graph cannot work."""
    if not flow.nodes:
        raise DefinitionError(f"Workflow {flow.name!r} has no nodes.")
    _check_names(flow)
    _check_settings(flow)
    _check_targets(flow)
    order = _in_order(flow)
    always, sometimes = _given_before(flow, order)
    known = {"input": flow.input, "context": Context}
    for node in flow.nodes:
        optional = {name: given | None for name, given in sometimes[node.name].items()}
        _check_reads(node, {**optional, **always[node.name], **known}, flow.name)
    _check_approvals(flow.nodes, flow.name)
    for index, node in enumerate(flow.nodes):
        if END in flow.next_of(index) and not node.targets() and not fits(node.output, flow.output):
            raise _wrong(flow.name, node, f"ends with {_show(node.output)}, not {_show(flow.output)}")


def _check_names(flow: "Flow[Any, Any]") -> None:
    seen: set[str] = set()
    for node in _all(flow.nodes):
        if not node.name.isidentifier() or node.name in _RESERVED:
            raise _wrong(
                flow.name, node, f"needs a name that is an identifier and none of {sorted(_RESERVED)}"
            )
        if node.name in seen:
            raise _wrong(flow.name, node, "has the name of another node")
        seen.add(node.name)


def _check_targets(flow: "Flow[Any, Any]") -> None:
    """Check where nodes lead: those of the workflow itself to others of it, those inside others nowhere."""
    names = {node.name for node in flow.nodes}
    for index, node in enumerate(flow.nodes):
        if node.targets() and node.then:
            raise _wrong(flow.name, node, "chooses what follows: it cannot have `then` too")
        if END in node.targets():
            raise _wrong(flow.name, node, "chooses END: let it choose a node that gives the output")
        for target in flow.next_of(index):
            if target not in {END, *names}:
                raise _wrong(flow.name, node, f"leads to {target!r}, which is no node")
    for node in _all(flow.nodes):
        if node.name not in names and (node.targets() or node.then):
            raise _wrong(flow.name, node, "is inside another node: it cannot say what follows")


def _check_settings(flow: "Flow[Any, Any]") -> None:
    for node in _all(flow.nodes):
        _check_node(node, flow.name)


def _check_node(node: Node, flow: str) -> None:
    bounds = {"attempts": node.attempts, "at_once": 1, "at_most": 1}
    bounds |= {name: getattr(node, name) for name in bounds if hasattr(node, name)}
    if wrong := [name for name, value in bounds.items() if value < 1]:
        raise _wrong(flow, node, f"needs {wrong[0]} of at least 1")
    if isinstance(node, Loop | Branches) and not node.nodes:
        raise _wrong(flow, node, "has no nodes in it")
    if isinstance(node, Loop) and node.after not in {None, *(inner.name for inner in node.nodes)}:
        raise _wrong(flow, node, f"asks after {node.after!r}, which is no node in it")
    if isinstance(node, Sub) and not fits(result(node.give), node.flow.input):
        raise _wrong(flow, node, f"gives {_show(result(node.give))}, not {_show(node.flow.input)}")
    if isinstance(node, Router) and isinstance(node.otherwise, Model):
        _check_model(node, node.otherwise, flow)
    _check_output(node, flow)


def _check_model(router: Router, model: Model, flow: str) -> None:
    if "to" not in getattr(model.answer, "model_fields", {}):
        raise _wrong(flow, router, "asks a model whose answer has no field 'to'")
    if not router.choices:
        raise _wrong(flow, router, "asks a model, but gives it no choices")
    if model.time_limit is not None or model.max_cost is not None or model.attempts != 1:
        raise _wrong(flow, router, "asks a model that has limits of its own: give them to the router")


def _check_output(node: Node, flow: str) -> None:
    try:
        TypeAdapter(node.output)
    except PydanticSchemaGenerationError:
        raise _wrong(flow, node, f"gives {_show(node.output)}, which cannot be written as JSON") from None


def _check_approvals(nodes: "Sequence[Node]", flow: str, outer: Node | None = None) -> None:
    """A run waits for one person at a time: nothing else may go on beside an approval."""
    for node in nodes:
        if outer and isinstance(node, Approval):
            raise _wrong(flow, node, f"cannot wait inside {outer.name!r}, where nodes run at the same time")
        parallel = node if isinstance(node, Branches | Each) else outer
        _check_approvals(node.flow.nodes if isinstance(node, Sub) else node.inner(), flow, parallel)


def _all(nodes: "tuple[Node, ...] | Any") -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _all(node.inner())


def _in_order(flow: "Flow[Any, Any]") -> list[str]:
    """Return the names of the nodes, each after those that may come before it."""
    before: dict[str, set[str]] = {node.name: set() for node in flow.nodes}
    for index, node in enumerate(flow.nodes):
        for target in flow.next_of(index):
            if target != END:
                before[target].add(node.name)
    for node in flow.nodes[1:]:
        if not before[node.name]:
            raise _wrong(flow.name, node, "cannot be reached")
    try:
        order = list(TopologicalSorter(before).static_order())
    except CycleError as error:
        path = " → ".join(reversed(error.args[1]))
        raise DefinitionError(f"Workflow {flow.name!r} goes in a circle: {path}. Use a Loop.") from None
    return order


def _given_before(
    flow: "Flow[Any, Any]", order: list[str]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return, for each node, the outputs that are there whenever it runs, and those that may be there."""
    nodes = {node.name: node for node in flow.nodes}
    before: dict[str, list[str]] = {name: [] for name in nodes}
    for index, node in enumerate(flow.nodes):
        for target in flow.next_of(index):
            if target != END:
                before[target].append(node.name)
    always: dict[str, dict[str, Any]] = {}
    sometimes: dict[str, dict[str, Any]] = {}
    for name in order:
        ways = [{**always[other], **_gives(nodes[other])} for other in before[name]]
        maybe = [{**sometimes[other], **_gives(nodes[other])} for other in before[name]]
        common = set.intersection(*(set(way) for way in ways)) if ways else set()
        always[name] = {given: ways[0][given] for given in common}
        sometimes[name] = {given: type_ for way in maybe for given, type_ in way.items()}
    return always, sometimes


def _gives(node: Node) -> dict[str, Any]:
    """Return what later nodes can read of a node and of those inside it."""
    given = {node.name: node.output}
    if isinstance(node, Branches):
        given |= {inner.name: inner.output for inner in node.nodes}
    if isinstance(node, Loop):
        names = [inner.name for inner in node.nodes]
        sure = names.index(node.after or names[-1])
        for place, inner in enumerate(node.nodes):
            given[inner.name] = inner.output if place <= sure else inner.output | None
    return given


def _check_reads(node: Node, given: Types, flow: str) -> None:
    for inner, seen in _inside(node, given, flow):
        _check_reads(inner, seen, flow)
    if isinstance(node, Loop):  # its question is asked inside
        given = {**given, **_gives(node)}
    for reader in node.readers():
        for name, wanted in parameters(reader).items():
            if name not in given and name in optional(reader):
                continue
            if name not in given:
                raise _wrong(flow, node, f"reads {name!r}, which no node before it gives")
            if not fits(given[name], wanted):
                said = f"reads {name!r} as {_show(wanted)}, but it is {_show(given[name])}"
                raise _wrong(flow, node, said)


def _inside(node: Node, given: Types, flow: str) -> Iterator[tuple[Node, Types]]:
    """Yield the nodes inside another one, each with what it can read."""
    if isinstance(node, Each):
        yield node.node, {**given, "item": _item(node, flow)}
    elif isinstance(node, Loop):
        later = {inner.name: inner.output | None for inner in node.nodes}
        for inner in node.nodes:
            yield inner, {**given, **later}
            later[inner.name] = inner.output
    else:
        for inner in node.inner():
            yield inner, given


def _item(node: Each, flow: str) -> Any:
    """Return the type of the items of a list."""
    listed = result(node.over)
    outer = get_origin(listed) or listed
    if listed is Any:
        return Any
    if not isinstance(outer, type) or not issubclass(outer, Sequence) or issubclass(outer, str | bytes):
        raise _wrong(flow, node, f"goes over {_show(listed)}, which is no list")
    return (get_args(listed) or (Any,))[0]


def fits(given: Any, wanted: Any) -> bool:
    """Whether a value of one type can be passed where the other is wanted. What cannot be told fits."""
    given, wanted = _plain(given), _plain(wanted)
    if wanted in {Any, object} or given is Any or given == wanted:
        return True
    if _is_union(given):
        return all(fits(part, wanted) for part in get_args(given))
    if get_origin(given) is Literal:
        values = set(get_args(given))
        of_them = get_origin(wanted) is Literal and values <= set(get_args(wanted))
        return of_them or all(fits(type(value), wanted) for value in values)
    if _is_union(wanted):
        return any(fits(given, part) for part in get_args(wanted))
    if get_origin(wanted) is Literal or NoneType in {given, wanted}:
        return False
    return _fit(given, wanted)


def _fit(given: Any, wanted: Any) -> bool:
    """The same for two classes, perhaps with parameters."""
    outer, needed = get_origin(given) or given, get_origin(wanted) or wanted
    if outer is int and needed is float:
        return True
    try:
        if not issubclass(outer, needed):
            return False
    except TypeError:  # a protocol, a TypedDict …
        return True
    pairs = zip(get_args(given), get_args(wanted), strict=False)
    return all(fits(part, other) for part, other in pairs)


def _plain(type_: Any) -> Any:
    """Return the type that a `NewType` is at run time; that of None for None."""
    if type_ is None:
        return NoneType
    return _plain(type_.__supertype__) if isinstance(type_, NewType) else type_


def _is_union(type_: Any) -> bool:
    return get_origin(type_) in {Union, UnionType}


def _show(type_: Any) -> str:
    return type_.__name__ if isinstance(type_, type) and not get_args(type_) else str(type_)


def _wrong(flow: str, node: Node, what: str) -> DefinitionError:
    return DefinitionError(f"Workflow {flow!r}: node {node.name!r} {what}.")
