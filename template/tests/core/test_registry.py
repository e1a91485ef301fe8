import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from app.core import registry
from app.core.paths import APP
from app.core.registry import (
    ExtensionPoint,
    Feature,
    RegistryError,
    in_order,
    load_extension_points,
    load_features,
)


def feature(name: str, *requires: str, **brings: str) -> Feature:
    extends = {"test.numbers": brings} if brings else {}
    return Feature(name=name, stage="own", summary="", requires=requires, extends=extends)


class Numbers(ModuleType):
    """A module to import from."""

    one = 1
    two = 2
    three = "three"


@pytest.fixture
def numbers(monkeypatch: pytest.MonkeyPatch) -> ExtensionPoint[int]:
    """A point for numbers, of which two features bring some."""
    monkeypatch.setitem(sys.modules, "numbers_of_test", Numbers("numbers_of_test"))
    features = (feature("a", one="numbers_of_test:one"), feature("b", two="numbers_of_test:two"))
    monkeypatch.setattr(registry, "load_features", lambda: features)
    monkeypatch.setattr(ExtensionPoint, "declared", {})
    return ExtensionPoint("test.numbers", int, "For tests.")


def bring(monkeypatch: pytest.MonkeyPatch, *features: Feature) -> None:
    monkeypatch.setattr(registry, "load_features", lambda: features)


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


def test_extensions_are_loaded_by_name_in_the_order_of_the_features(numbers: ExtensionPoint[int]) -> None:
    assert list(numbers.load().items()) == [("one", 1), ("two", 2)]
    assert (numbers.names(), numbers.first()) == (["one", "two"], 1)


def test_one_extension_is_loaded_alone(numbers: ExtensionPoint[int], monkeypatch: pytest.MonkeyPatch) -> None:
    bring(monkeypatch, feature("a", one="numbers_of_test:one", broken="no_such_module:x"))

    assert (numbers.get("one"), numbers.get("two")) == (1, None)


def test_a_point_that_nothing_extends_is_empty(
    numbers: ExtensionPoint[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(monkeypatch)

    assert (numbers.load(), numbers.first()) == ({}, None)


def test_an_extension_of_the_wrong_type_names_its_folder(
    numbers: ExtensionPoint[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(monkeypatch, feature("a", three="numbers_of_test:three"))

    with pytest.raises(RegistryError, match=r"app/a/feature\.py: numbers_of_test:three is str.*takes int"):
        numbers.load()


def test_two_extensions_of_one_name_name_both_features(
    numbers: ExtensionPoint[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(monkeypatch, feature("a", n="numbers_of_test:one"), feature("b", n="numbers_of_test:two"))

    with pytest.raises(RegistryError, match="'a' and 'b' both bring 'n'"):
        numbers.load()


def test_a_test_can_plug_in_its_own(numbers: ExtensionPoint[int]) -> None:
    with numbers.override({"three": 3}):
        assert (numbers.load(), numbers.names(), numbers.get("one")) == ({"three": 3}, ["three"], None)

    assert numbers.names() == ["one", "two"]


POINTS = load_extension_points()


@pytest.mark.parametrize("point", POINTS.values(), ids=lambda point: point.name)
def test_every_extension_has_the_type_that_its_point_takes(point: ExtensionPoint[object]) -> None:
    assert point.load().keys() == point.targets().keys()


@pytest.mark.parametrize("point", POINTS)
def test_a_point_is_declared_by_the_part_that_its_name_says(point: str) -> None:
    owner = point.rpartition(".")[0]

    declared = Path(APP, *owner.split("."), "extensions.py").read_text(encoding="utf-8")
    assert f'"{point}"' in declared


@pytest.mark.parametrize("brings", load_features(), ids=lambda feature: feature.name)
def test_a_feature_extends_points_of_this_project_or_of_parts_left_out(brings: Feature) -> None:
    unknown = set(brings.extends) - set(POINTS)

    assert {point for point in unknown if Path(APP, *point.split(".")[:-1]).exists()} == set()


@pytest.mark.parametrize("package", [f.name for f in load_features()])
def test_public_names_can_be_imported_and_hide_no_module(package: str) -> None:
    module = importlib.import_module(f"app.{package}")
    names = getattr(module, "__all__", [])

    assert [name for name in names if getattr(module, name, None) is None] == []
    assert [name for name in names if (APP / package / f"{name}.py").exists()] == []
