"""Load what is heavy when it is used, not when the program starts."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


@dataclass(frozen=True)
class Lazy(Generic[T]):
    """An object named `module:attribute`, imported on the first `load()`.

    A worker thus never imports FastAPI, nor `app --help` the SDK of a model provider.
    """

    target: str

    def load(self) -> T:
        """Import the module and return the object."""
        module, _, attribute = self.target.partition(":")
        return cast("T", getattr(import_module(module), attribute))


def lazy_exports(package: str, **names: tuple[str, ...]) -> Callable[[str], Any]:
    """Return a module `__getattr__` (PEP 562) that imports public names on first use.

    `names` maps a module of the package to the names that it gives. The package's `__init__.py`
    repeats them under `if TYPE_CHECKING`, for editors and the type checker.
    """
    module_of = {name: module for module, exported in names.items() for name in exported}

    def get(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no public name {name!r}")
        return getattr(import_module(f"{package}.{module_of[name]}"), name)

    return get
