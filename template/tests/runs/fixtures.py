"""What runs need around them."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from app.runs.listen import get_listener
from app.workflows import WORKFLOWS, Workflow

Only = Callable[[Workflow[Any, Any]], None]


@pytest.fixture(autouse=True)
async def listener() -> AsyncIterator[None]:
    """Stop listening at the end of a test: its database goes."""
    yield
    await get_listener().close()
    get_listener.cache_clear()


@pytest.fixture
def only() -> Iterator[Only]:
    """Return a function that lets a workflow be the only one there is, until the test ends."""
    with ExitStack() as stack:

        def override(workflow: Workflow[Any, Any]) -> None:
            stack.enter_context(WORKFLOWS.override({workflow.name: workflow}))

        yield override
