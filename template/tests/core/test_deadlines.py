import asyncio

import pytest

from app.core.deadlines import deadline
from app.core.errors import TimedOut


class TooSlow(TimedOut):
    """For tests."""


async def test_what_takes_too_long_is_named() -> None:
    with pytest.raises(TooSlow, match=r"The cook took longer than 0\.01 seconds"):
        async with deadline(0.01, "The cook", TooSlow):
            await asyncio.sleep(60)


async def test_a_timeout_of_the_body_is_its_own() -> None:
    with pytest.raises(TimeoutError, match="mine"):
        async with deadline(60, "The cook"):
            raise TimeoutError("mine")


async def test_without_a_limit_the_body_takes_its_time() -> None:
    async with deadline(None, "The cook"):
        await asyncio.sleep(0)
