"""Open what the features need, and close it again."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from app.core.registry import load_features


@asynccontextmanager
async def open_features() -> AsyncGenerator[None, None]:
    """Open what the features need, in their order, and close it in the reverse order."""
    async with AsyncExitStack() as stack:
        for feature in load_features():
            if feature.lifespan:
                await stack.enter_async_context(feature.lifespan.load()())
        yield
