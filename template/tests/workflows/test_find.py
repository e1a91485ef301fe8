import pytest

from app.core.errors import InvalidInput
from app.workflows import WORKFLOWS, get_workflow


def test_an_unknown_workflow_is_refused_with_those_that_exist() -> None:
    with pytest.raises(InvalidInput) as caught:
        get_workflow("nonsense")

    assert all(name in str(caught.value) for name in ("nonsense", *WORKFLOWS.names()))


def test_every_workflow_has_its_registered_name_and_a_valid_example() -> None:
    for name, workflow in WORKFLOWS.load().items():
        assert workflow.name == name
        assert workflow.validate(workflow.example)
