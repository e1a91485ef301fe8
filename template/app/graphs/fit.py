"""Whether a value of one type can be passed where another is wanted."""

from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import Any, Literal, NewType, Union, get_args, get_origin


def either(*types: Any) -> Any:
    """Return the union of some types, each once."""
    return reduce(or_, dict.fromkeys(types))


def fits(given: Any, wanted: Any) -> bool:
    """Whether a value of one type can be passed where the other is wanted. What cannot be decided fits."""
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
