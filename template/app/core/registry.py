"""What a feature folder plugs in, and how the application finds it.

A feature is a folder below `app/` with a `feature.py` that holds one `feature = Feature(...)`. No file
lists the features: a folder that is there is used, one that is deleted is gone. Yours joins in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.errors import AppError, InvalidInput
from app.core.lazy import Lazy
from app.core.paths import APP

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine
    from contextlib import AbstractAsyncContextManager

    import typer

    from app.core.settings import Settings
    from app.core.workflow import Workflow


class RegistryError(AppError):
    """A feature folder does not fit: a requirement is missing, two have one name …"""

    code = "registry"
    title = "Feature registry error"


@dataclass(frozen=True)
class Schedule:
    """A Celery task that `app beat` calls every `seconds`."""

    task: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Feature:
    """All that one folder brings. Heavy things are `Lazy`: named here, imported where they are used."""

    name: str
    """The folder, such as `llm`; with dots for one inside another."""

    stage: str
    """The stage of the roadmap to which it belongs; `own` for yours."""

    summary: str
    """One line for `app features`."""

    @property
    def folder(self) -> Path:
        """Where it is."""
        return APP.joinpath(*self.name.split("."))

    requires: tuple[str, ...] = ()
    """Features that this one may import; they start before it."""

    settings: tuple[Lazy[type[Settings]], ...] = ()
    """Its settings classes, checked by `app doctor`."""

    preflight: tuple[Lazy[Callable[[], object]], ...] = ()
    """What must hold before a server or a worker starts; each raises an `AppError` that says why not."""

    cli: Lazy[typer.Typer] | None = None
    """Its commands. That module imports nothing heavy at its top."""

    router: Lazy[Any] | None = None
    """Its HTTP routes: a `fastapi.APIRouter`, which a project without an API cannot name."""

    lifespan: Lazy[Callable[[], AbstractAsyncContextManager[None]]] | None = None
    """What to open when the API starts, and to close when it stops."""

    workflows: Mapping[str, Lazy[Workflow[Any, Any]]] = field(default_factory=dict)
    """Work that can be started by name."""

    tasks: tuple[str, ...] = ()
    """Modules with Celery tasks."""

    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    """Celery tasks that `app beat` calls."""

    on_worker_stop: tuple[Lazy[Callable[[], Coroutine[Any, Any, None]]], ...] = ()
    """What a worker does first when it is told to stop."""

    chat_models: Mapping[str, Lazy[Any]] = field(default_factory=dict)
    """What clients of the chat door may ask for besides providers' models: each an `app.llm.Handler`."""

    checks: Mapping[str, Lazy[Callable[[], Awaitable[str]]]] = field(default_factory=dict)
    """Is it ready? Each returns a word on what answered, or raises. For `/health/ready` and `app doctor`."""

    probes: Mapping[str, Lazy[Callable[[], Awaitable[str]]]] = field(default_factory=dict)
    """Checks that cost money or take time; only `app doctor --call` runs them."""

    about_workflows: Mapping[str, Lazy[Callable[[], Mapping[str, Sequence[str]]]]] = field(
        default_factory=dict
    )
    """More columns of `app workflows list`: each says something on some workflows, by their names."""

    offers: Mapping[str, Lazy[Any]] = field(default_factory=dict)
    """What others use if this feature is there, by name: they say what they expect, and work without it."""

    agent_tools: tuple[Lazy[Callable[[], AbstractAsyncContextManager[Sequence[Any]]]], ...] = ()
    """Tools for agents, open while an agent works (`app.agents.tools.ForeignTool`)."""

    around_model_call: tuple[Lazy[Any], ...] = ()
    """Layers (`app.llm.Layer`) around every call of a model, the first one outermost."""

    provides: Mapping[str, Lazy[Callable[[], str]]] = field(default_factory=dict)
    """Environment variables that it can supply in development, such as the URL of an embedded database."""


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


def settings_classes() -> list[type[Settings]]:
    """Return every settings class of the application."""
    from app.core.settings import AppSettings

    return [AppSettings, *(lazy.load() for feature in load_features() for lazy in feature.settings)]


def offered(name: str) -> Any | None:
    """Return what a feature offers under a name; None if no feature that is here does."""
    return next((f.offers[name].load() for f in load_features() if name in f.offers), None)


def load_workflows() -> dict[str, Lazy[Workflow[Any, Any]]]:
    """Return every workflow by name."""
    return {name: lazy for feature in load_features() for name, lazy in feature.workflows.items()}


def get_workflow(name: str) -> Workflow[Any, Any]:
    """Return the workflow of that name. Raises `InvalidInput` that names those that exist."""
    known = load_workflows()
    if name not in known:
        raise InvalidInput(
            f"There is no workflow {name!r}.",
            hint=f"There is: {', '.join(sorted(known)) or 'none'}.",
        )
    return known[name].load()


def run_preflight() -> None:
    """Read every settings class and run every feature's preflight. Raises the first `AppError`."""
    for feature in load_features():
        for settings in feature.settings:
            settings.load().load()
        for preflight in feature.preflight:
            preflight.load()()


def provide(variable: str) -> str | None:
    """Return a value for an unset environment variable from a feature that can supply one.

    Only in development; elsewhere, or when no feature can, return None.
    """
    from app.core.settings import AppSettings

    if AppSettings.load().environment != "development":
        return None
    for feature in load_features():
        if variable in feature.provides:
            return feature.provides[variable].load()()
    return None
