"""An asynchronous generator that works in a task of its own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")


async def in_own_task(events: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Yield what `events` yields, while it runs in a task of its own.

    What a generator opens around a `yield` is closed by whoever closes the generator, perhaps in another
    task. Cancel scopes and task groups (those of anyio, in every MCP client) do not survive that: so they
    live in one task, and only values leave it. To close this generator cancels the task and awaits its end.
    """
    queue: asyncio.Queue[T | None] = asyncio.Queue()

    async def work() -> None:
        async with aclosing(events):
            async for event in events:
                queue.put_nowait(event)

    task = asyncio.create_task(work())
    task.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while (event := await queue.get()) is not None:
            yield event
        await task  # raises what has ended it
    finally:
        task.cancel()
        await asyncio.wait({task})
