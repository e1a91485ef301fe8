"""Check that the features can work, open what they need, and close it again."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from app.core.extensions import LIFESPANS, PREFLIGHT, SPAN_SINKS
from app.core.settings import settings_classes


def run_preflight() -> None:
    """Read every settings class and run every feature's preflight. Raises the first `AppError`."""
    for settings in settings_classes():
        settings.load()
    SPAN_SINKS.load()  # one that cannot be imported would otherwise fail the first request
    for check in PREFLIGHT.load().values():
        check()


@asynccontextmanager
async def open_features() -> AsyncGenerator[None, None]:
    """Open what the features need, in their order, and close it in the reverse order.

    Exceptions of the body propagate as they are; a task group of a feature would wrap them in another.
    """
    failure: Exception | None = None
    async with AsyncExitStack() as stack:
        for lifespan in LIFESPANS.load().values():
            await stack.enter_async_context(lifespan())
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised again below
            failure = error
    if failure:
        raise failure
