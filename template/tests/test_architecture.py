"""A feature imports only `core`, itself, and the features that it says it requires."""

import ast
from pathlib import Path

import pytest

from app.core.overview import draw_features
from app.core.paths import APP, ROOT
from app.core.registry import Feature, load_features

_ASSEMBLY = {"cli", "main"}
"""What puts the features together: to start the whole, a feature may import it."""

_PUBLIC = {"errors"}
"""Modules of a feature that others may import besides its package."""


def imported_modules(folder: Path) -> set[str]:
    """Return the modules of `app` that the files below `folder` import, anywhere in them. What a feature
    inside the folder imports is its own.
    """
    inside = [path.parent for path in folder.glob("*/**/feature.py")]
    paths = [path for path in folder.rglob("*.py") if not any(path.is_relative_to(other) for other in inside)]
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text()))]
    names = {
        _module(node.module, alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name for name in names if name.startswith("app.")}


def _module(package: str, name: str) -> str:
    """Return what `from package import name` imports: a module of the package, or the package."""
    path = APP.parent / package.replace(".", "/") / f"{name}.py"
    return f"{package}.{name}" if path.exists() else package


PICTURE = ROOT / "docs" / "architecture.md"

FEATURES = {feature.name for feature in load_features()}


def part(module: str) -> str:
    """Return the feature that a module of `app` belongs to, or the first name below `app`."""
    names = module.split(".")[1:]
    dotted = (".".join(names[:end]) for end in range(len(names), 0, -1))
    return next((name for name in dotted if name in FEATURES), names[0])


@pytest.mark.parametrize("feature", load_features(), ids=lambda feature: feature.name)
def test_a_feature_imports_only_what_it_requires(feature: Feature) -> None:
    imported = {part(module) for module in imported_modules(feature.folder)}

    assert imported <= {"core", *_ASSEMBLY, feature.name, *feature.requires}


@pytest.mark.parametrize("feature", load_features(), ids=lambda feature: feature.name)
def test_a_feature_imports_only_what_others_offer(feature: Feature) -> None:
    foreign = {
        module
        for module in imported_modules(feature.folder)
        if part(module) not in {"core", *_ASSEMBLY, feature.name}
    }
    inside = {module: module.removeprefix(f"app.{part(module)}").lstrip(".") for module in foreign}
    hidden = {module for module, name in inside.items() if name and name.split(".")[0] not in _PUBLIC}

    assert hidden == set()


def test_core_imports_no_feature() -> None:
    assert {part(module) for module in imported_modules(APP / "core")} <= {"core"}


@pytest.mark.parametrize("name", ["feature.py", "cli.py"])
def test_what_the_command_line_loads_imports_nothing_heavy(name: str) -> None:
    heavy = {"alembic", "celery", "fastapi", "openai", "pydantic", "pydantic_ai", "sqlalchemy", "uvicorn"}
    tops = {
        imported.split(".")[0]
        for path in APP.glob(f"**/{name}")
        for node in ast.parse(path.read_text()).body
        for imported in ([node.module] if isinstance(node, ast.ImportFrom) and node.module else [])
    }

    assert tops & heavy == set()


@pytest.mark.skipif(not PICTURE.exists(), reason="the template itself has no picture: a project has")
def test_the_picture_shows_the_parts_of_the_template() -> None:
    drawn = draw_features([feature for feature in load_features() if feature.stage != "own"])

    assert drawn in PICTURE.read_text(encoding="utf-8"), "run: uv run app features --graph"
