"""Import what is heavy when it is used, not when the program starts."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


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
