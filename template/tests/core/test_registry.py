import importlib
from dataclasses import fields
from typing import Any

import pytest

from app.core.errors import InvalidInput
from app.core.lazy import Lazy
from app.core.paths import APP
from app.core.registry import Feature, RegistryError, get_workflow, in_order, load_features, load_workflows


def feature(name: str, *requires: str) -> Feature:
    return Feature(name=name, stage="own", summary="", requires=requires)


def lazies(value: Any) -> list[Lazy[Any]]:
    """Return what is lazy in a field of a feature."""
    if isinstance(value, Lazy):
        return [value]
    if isinstance(value, dict):
        return [lazy for item in value.values() for lazy in lazies(item)]
    if isinstance(value, tuple):
        return [lazy for item in value for lazy in lazies(item)]
    return []


ALL_LAZIES = sorted(
    {
        lazy.target
        for found in load_features()
        for field in fields(found)
        for lazy in lazies(getattr(found, field.name))
    }
)


def test_features_come_after_those_that_they_require() -> None:
    found = in_order({"a": feature("a", "b", "c"), "b": feature("b"), "c": feature("c", "b")})

    assert [f.name for f in found] == ["b", "c", "a"]


def test_a_missing_requirement_is_named() -> None:
    with pytest.raises(RegistryError, match=r"'a' requires 'gone', but there is no app/gone/feature.py"):
        in_order({"a": feature("a", "gone")})


def test_features_that_require_each_other_are_refused() -> None:
    with pytest.raises(RegistryError, match="require each other"):
        in_order({"a": feature("a", "b"), "b": feature("b", "a")})


def test_every_folder_with_a_feature_is_found() -> None:
    assert {f.name for f in load_features()} == {
        ".".join(path.parent.relative_to(APP).parts) for path in APP.rglob("feature.py")
    }


@pytest.mark.parametrize("target", ALL_LAZIES)
def test_every_name_in_a_feature_leads_to_an_object(target: str) -> None:
    assert Lazy[Any](target).load() is not None


@pytest.mark.parametrize("package", [f.name for f in load_features()])
def test_public_names_can_be_imported_and_hide_no_module(package: str) -> None:
    module = importlib.import_module(f"app.{package}")
    names = getattr(module, "__all__", [])

    assert [name for name in names if getattr(module, name, None) is None] == []
    assert [name for name in names if (APP / package / f"{name}.py").exists()] == []


def test_an_unknown_workflow_is_refused_with_those_that_exist() -> None:
    with pytest.raises(InvalidInput) as caught:
        get_workflow("nonsense")

    assert all(name in str(caught.value) for name in ("nonsense", *load_workflows()))
