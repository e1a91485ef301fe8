"""Run coroutines from Celery's threads, all on one event loop.

Celery has no support for asyncio, and connection pools belong to an event loop: so each worker process
has one loop, in a thread of its own, that all its tasks share.
"""

import asyncio
import contextvars
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

_starting = threading.Lock()


def run_in_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the worker's loop, in this thread's context, and wait for its result."""
    future = start_in_loop(coroutine)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def start_in_loop(coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
    """Run a coroutine on the worker's loop, in this thread's context, and do not wait."""
    context = contextvars.copy_context()

    async def start() -> T:
        return await asyncio.get_running_loop().create_task(coroutine, context=context)

    return asyncio.run_coroutine_threadsafe(start(), worker_loop())


def worker_loop() -> asyncio.AbstractEventLoop:
    """Return the loop of this process; it is started at the first call."""
    with _starting:  # two first tasks at the same time would otherwise make two loops
        return _started_loop()


@cache
def _started_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="asyncio", daemon=True).start()
    return loop
