"""Time limits that say what took too long."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from app.core.errors import TimedOut


@asynccontextmanager
async def deadline(
    seconds: float | None, what: str, error: type[TimedOut] = TimedOut
) -> AsyncGenerator[None, None]:
    """Stop the body after so many seconds and raise `error`. Its own `TimeoutError`s propagate."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise error(f"{what} took longer than {seconds:g} seconds.") from None
