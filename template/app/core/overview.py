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

    What is required by way of another feature is left out.
    """
    lines = ["flowchart TD"]
    for stage in dict.fromkeys(feature.stage for feature in features):
        lines.append(f'    subgraph stage_{stage}["{stage}"]')
        lines += [f'        {_node(f.name)}["{f.name}"]' for f in features if f.stage == stage]
        lines.append("    end")
    requires = {feature.name: set(feature.requires) for feature in features}
    for name, required in requires.items():
        indirect = {far for near in required for far in _reachable(near, requires)}
        lines += [f"    {_node(name)} --> {_node(other)}" for other in sorted(required - indirect)]
    return "\n".join(lines) + "\n"


def _reachable(name: str, requires: dict[str, set[str]]) -> set[str]:
    """Return all that a feature requires, by way of others too."""
    return requires[name] | {far for near in requires[name] for far in _reachable(near, requires)}


def _node(name: str) -> str:
    return name.replace(".", "_")
