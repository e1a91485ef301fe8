"""What runs need around them."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from app.runs.events import get_listener
from app.workflows import WORKFLOWS, Workflow
from tests.conftest import SetEnvironment

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


@pytest.fixture
def short_times(database: str, set_environment: SetEnvironment) -> None:
    """Let leases, waits for a retry and stopping take next to no time, on a database of the test's own."""
    del database
    set_environment(RUNS_LEASE_SECONDS="1", RUNS_RETRY_SECONDS="0.01", RUNS_STOP_SECONDS="0")
