"""What functions become tools."""

import pytest

from app.agents import tool
from tests.agents.samples import weather


def test_a_tool_says_whether_it_can_be_undone() -> None:
    assert tool(weather, irreversible=True).is_irreversible
    assert not tool(weather).is_irreversible


def test_a_tool_needs_types_and_a_docstring() -> None:
    def without_docstring(city: str) -> str:
        return city

    def without_types(city) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Tell the weather."""
        return str(city)

    with pytest.raises(TypeError, match="docstring"):
        tool(without_docstring)
    with pytest.raises(TypeError, match="'city'"):
        tool(without_types)
