"""Features, and the points at which they extend each other.

A feature is a folder below `app/` with a `feature.py` that holds one `feature = Feature(...)`. No file lists
the features: a folder that is there is used, one that is deleted is gone. Yours join in the same way.

An extension point is declared by the part that uses what is plugged in, in its `extensions.py`:

    ROUTES: ExtensionPoint[APIRouter] = ExtensionPoint("api.routes", APIRouter, "Routers of the API.")

Others name it in their `feature.py`, by its name, so that they import nothing and work without that part:

    extends={"api.routes": ["app.notes.endpoints:router"]}
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from app.core.errors import AppError
from app.core.paths import APP

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")

FUNCTION = cast("type[Any]", Callable)
"""What an extension point for functions expects: whatever can be called."""


class RegistryError(AppError):
    """A feature folder does not fit: a requirement is missing, an extension has the wrong type …"""

    code = "registry"


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One folder of `app/`, and what it brings."""

    name: str
    """The folder, such as `llm`; with dots for one inside another."""

    stage: str
    """The stage of the roadmap to which it belongs; `own` for yours."""

    summary: str
    """One line for `app features`."""

    requires: tuple[str, ...] = ()
    """Features that this one may import; they start before it."""

    extends: Mapping[str, Sequence[str] | Mapping[str, str]] = field(default_factory=dict)
    """What it brings, by extension point: import strings (`module:attribute`, or `module`), with names where
    the point asks for some. A point of a part that this project does not have is left alone."""

    @property
    def folder(self) -> Path:
        """Where it is."""
        return APP.joinpath(*self.name.split("."))

    def extensions(self, point: str) -> Mapping[str, str]:
        """Return the import strings for a point by name; one without a name has its import string as name."""
        brought = self.extends.get(point, {})
        return brought if isinstance(brought, Mapping) else {target: target for target in brought}


class ExtensionPoint(Generic[T]):
    """A place where features plug something in. Nothing is imported before it is loaded."""

    declared: ClassVar[dict[str, ExtensionPoint[Any]]] = {}
    """All of this process, by name."""

    def __init__(self, name: str, expects: type[Any], doc: str) -> None:
        """`name` is that of the part that declares it, a dot and a noun; `expects` is what `load` checks."""
        self.name = name
        self.expects = expects
        self.doc = doc
        self._overridden: Mapping[str, T] | None = None
        self.declared[name] = self

    def targets(self) -> dict[str, str]:
        """Return the import string of each extension by name, in the order of `requires`. Imports nothing."""
        return {name: target for name, target, _ in self._plugged_in()}

    def names(self) -> list[str]:
        """Return the names of the extensions. Imports nothing."""
        return list(self.targets() if self._overridden is None else self._overridden)

    def load(self) -> dict[str, T]:
        """Import every extension; return them by name, in the order of `requires`. Raises `RegistryError`."""
        if self._overridden is not None:
            return dict(self._overridden)
        return {name: self._import(target, feature) for name, target, feature in self._plugged_in()}

    def get(self, name: str) -> T | None:
        """Import the extension of this name alone; None if there is none. Raises `RegistryError`."""
        if self._overridden is not None:
            return self._overridden.get(name)
        found = (self._import(target, feature) for n, target, feature in self._plugged_in() if n == name)
        return next(found, None)

    def first(self) -> T | None:
        """Import the first extension alone; None if there is none. Raises `RegistryError`."""
        return self.get(names[0]) if (names := self.names()) else None

    @contextmanager
    def override(self, extensions: Mapping[str, T]) -> Generator[None, None, None]:
        """Plug in these alone, for a test."""
        before, self._overridden = self._overridden, extensions
        try:
            yield
        finally:
            self._overridden = before

    def _plugged_in(self) -> list[tuple[str, str, Feature]]:
        found: dict[str, tuple[str, str, Feature]] = {}
        for feature in load_features():
            for name, target in feature.extensions(self.name).items():
                if name in found:
                    first = found[name][2].name
                    raise RegistryError(f"{self.name}: {first!r} and {feature.name!r} both bring {name!r}.")
                found[name] = (name, target, feature)
        return list(found.values())

    def _import(self, target: str, feature: Feature) -> T:
        module, _, attribute = target.partition(":")
        loaded: object = import_module(module)
        if attribute:
            loaded = getattr(loaded, attribute, None)
        if not isinstance(loaded, self.expects):
            raise RegistryError(
                f"{feature.folder / 'feature.py'}: {target} is {type(loaded).__name__}, "
                f"but {self.name} takes {self.expects.__name__}."
            )
        return cast("T", loaded)


@cache
def load_features() -> tuple[Feature, ...]:
    """Return the feature of every `feature.py` on disk, each after those it requires."""
    found: dict[str, Feature] = {}
    for path in sorted(APP.rglob("feature.py")):
        name = ".".join(path.parent.relative_to(APP).parts)
        feature: Feature = import_module(f"app.{name}.feature").feature
        if feature.name != name:
            raise RegistryError(f"{path} is named {feature.name!r}: the name must be the folder's.")
        found[feature.name] = feature
    return tuple(in_order(found))


def in_order(features: Mapping[str, Feature]) -> list[Feature]:
    """Sort features so that each comes after those it requires. Raises `RegistryError`."""
    for feature in features.values():
        for name in set(feature.requires) - features.keys():
            raise RegistryError(
                f"Feature {feature.name!r} requires {name!r}, but there is no app/{name}/feature.py."
            )
    order = TopologicalSorter({name: feature.requires for name, feature in features.items()})
    try:
        return [features[name] for name in order.static_order()]
    except CycleError as error:
        raise RegistryError(f"Features require each other: {' → '.join(error.args[1])}.") from None


def load_extension_points() -> dict[str, ExtensionPoint[Any]]:
    """Return the extension points of this project by name. Imports every `extensions.py`."""
    for path in sorted(APP.rglob("extensions.py")):
        import_module(".".join(("app", *path.relative_to(APP).with_suffix("").parts)))
    return dict(sorted(ExtensionPoint.declared.items()))
