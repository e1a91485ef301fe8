"""What runs need around them."""

from collections.abc import AsyncIterator

import pytest

from app.runs.listen import get_listener


@pytest.fixture(autouse=True)
async def listener() -> AsyncIterator[None]:
    """Stop listening at the end of a test: its database goes."""
    yield
    await get_listener().close()
    get_listener.cache_clear()
