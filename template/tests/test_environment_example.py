"""`.env.example` and the settings classes say the same."""

import re
from pathlib import Path

import pytest

from app.core.paths import ROOT
from app.core.settings import RANDOM, settings_classes

EXAMPLE = ROOT / ".env.example"

_VARIABLE = re.compile(r"^(?:# )?(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)$", re.MULTILINE)


def documented() -> dict[str, str]:
    return {match["name"]: match["value"] for match in _VARIABLE.finditer(Path(EXAMPLE).read_text())}


def existing() -> set[str]:
    return {variable for settings in settings_classes() for variable in settings.variables().values()}


def written(default: object) -> str:
    """Return a default as a person writes it."""
    return str(default).lower() if isinstance(default, bool) else str(default).removesuffix(".0")


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the template itself has no .env.example: a project has")
def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    assert set(documented()) == existing()


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the template itself has no .env.example: a project has")
def test_values_shown_are_the_defaults() -> None:
    defaults = {
        variable: settings.model_fields[name].default
        for settings in settings_classes()
        for name, variable in settings.variables().items()
    }
    shown = {name: value for name, value in documented().items() if value not in {"", RANDOM}}

    assert {name: written(defaults[name]) for name in shown} == shown
