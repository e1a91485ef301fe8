import pytest

from app.core.registry import get_workflow, load_workflows


@pytest.mark.parametrize("name", sorted(load_workflows()))
def test_a_workflow_has_its_registered_name_and_a_valid_example(name: str) -> None:
    workflow = get_workflow(name)

    assert workflow.name == name
    assert workflow.input.model_validate(workflow.example)
