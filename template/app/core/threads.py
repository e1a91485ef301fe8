"""Run what is not async in a thread, so that it does not block the event loop.

One event loop serves many requests and runs, and renews their leases: a function that computes or waits for a
second in it stops all of them for that second. These threads are not asyncio's own, in which names of hosts
are looked up: functions that hang must not delay those.
"""

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, TypeVar

T = TypeVar("T")


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=min(64, 16 * (os.cpu_count() or 1)), thread_name_prefix="function")


async def run_in_thread(function: Callable[..., T], /, *args: Any, **options: Any) -> T:
    """Call a function in a thread, with the context variables of the caller, and return its result.

    A caller that is cancelled or times out goes on at once. The thread does not: nothing can stop it before
    the function ends by itself.
    """
    work = partial(contextvars.copy_context().run, function, *args, **options)
    return await asyncio.get_running_loop().run_in_executor(_threads(), work)
