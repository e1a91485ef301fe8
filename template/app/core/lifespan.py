"""Open what the features need, and close it again."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from app.core.registry import load_features


@asynccontextmanager
async def open_features() -> AsyncGenerator[None, None]:
    """Open what the features need, in their order, and close it in the reverse order.

    An error of what is done meanwhile leaves as it is: a task group of a feature would wrap it in another.
    """
    failure: Exception | None = None
    async with AsyncExitStack() as stack:
        for feature in load_features():
            if feature.lifespan:
                await stack.enter_async_context(feature.lifespan.load()())
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised again below
            failure = error
    if failure:
        raise failure
