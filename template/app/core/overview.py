"""What this project consists of: for `app features`."""

from collections.abc import Sequence
from typing import Any

from app.core.registry import Feature, load_extension_points, load_features


def describe_features() -> list[dict[str, Any]]:
    """Return every feature, and the import strings of what it brings."""
    return [
        {
            "name": feature.name,
            "stage": feature.stage,
            "summary": feature.summary,
            "requires": list(feature.requires),
            "extends": {point: feature.extensions(point) for point in feature.extends},
        }
        for feature in load_features()
    ]


def describe_points() -> list[dict[str, Any]]:
    """Return every extension point, and what is plugged in there."""
    return [
        {"name": name, "doc": point.doc, "extensions": point.targets()}
        for name, point in load_extension_points().items()
    ]


def draw_features(features: Sequence[Feature]) -> str:
    """Return the parts as Mermaid: an arrow leads from a feature to one that it requires, a stage is a frame.

    What is required by way of another feature is left out. Everything is in alphabetical order, so that a
    part which comes or goes changes no line of another.
    """
    requires = {feature.name: set(feature.requires) for feature in features}
    lines = ["flowchart TD"]
    for stage in sorted({feature.stage for feature in features}):
        names = sorted(feature.name for feature in features if feature.stage == stage)
        lines.append(f'    subgraph stage_{stage}["{stage}"]')
        lines += [f'        {_node(name)}["{name}"]' for name in names]
        lines.append("    end")
        lines += [arrow for name in names for arrow in _arrows(name, requires)]
    return "\n".join(lines) + "\n"


def _arrows(name: str, requires: dict[str, set[str]]) -> list[str]:
    indirect = {far for near in requires[name] for far in _reachable(near, requires)}
    return [f"    {_node(name)} --> {_node(other)}" for other in sorted(requires[name] - indirect)]


def _reachable(name: str, requires: dict[str, set[str]]) -> set[str]:
    """Return all that a feature requires, by way of others too."""
    return requires[name] | {far for near in requires[name] for far in _reachable(near, requires)}


def _node(name: str) -> str:
    return name.replace(".", "_")
