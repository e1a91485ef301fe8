import pytest

from app.core.errors import InvalidInput
from app.workflows import WORKFLOWS, get_workflow


def test_an_unknown_workflow_is_refused_with_those_that_exist() -> None:
    with pytest.raises(InvalidInput) as caught:
        get_workflow("nonsense")

    assert all(name in str(caught.value) for name in ("nonsense", *WORKFLOWS.names()))
