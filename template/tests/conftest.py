"""Fixtures for all tests. Those of one feature are in `tests/FEATURE/fixtures.py`, which is found on disk."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ["ENVIRONMENT"] = "test"

from app.core.logging import configure_logging
from app.core.settings import Settings, settings_classes

_TESTS = Path(__file__).parent

pytest_plugins = [
    ".".join(("tests", *path.relative_to(_TESTS).with_suffix("").parts))
    for path in _TESTS.rglob("fixtures.py")
]

SetEnvironment = Callable[..., None]


@pytest.fixture(scope="session", autouse=True)
def logging() -> None:
    """Log as the application does."""
    configure_logging()


@pytest.fixture(autouse=True)
def set_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[SetEnvironment]:
    """Begin without any setting of the developer's machine; return a function that sets some."""
    for settings in settings_classes():
        for variable in settings.variables().values():
            monkeypatch.delenv(variable, raising=False)

    def set_variables(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        Settings.load.cache_clear()

    set_variables(ENVIRONMENT="test")
    yield set_variables
    Settings.load.cache_clear()
