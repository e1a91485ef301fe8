from app.core.overview import draw_features
from app.core.registry import Feature


def feature(name: str, *requires: str, stage: str = "own") -> Feature:
    return Feature(name=name, stage=stage, summary="", requires=requires)


def test_what_is_required_by_way_of_another_is_not_drawn() -> None:
    drawn = draw_features([feature("a"), feature("b", "a"), feature("c", "a", "b")])

    assert [line.strip() for line in drawn.splitlines() if "-->" in line] == ["b --> a", "c --> b"]


def test_a_stage_is_a_frame_around_its_features() -> None:
    drawn = draw_features([feature("a", stage="design"), feature("x.y", "a")])

    assert (
        drawn
        == """flowchart TD
    subgraph stage_design["design"]
        a["a"]
    end
    subgraph stage_own["own"]
        x_y["x.y"]
    end
    x_y --> a
"""
    )
