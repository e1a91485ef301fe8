"""Work for a client that is still there: when it has left, the work ends."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from app.core.errors import AppError

T = TypeVar("T")


class ClientLeft(AppError):
    """The client has closed the connection; nobody sees this answer. The status is nginx's."""

    status = 499
    code = "client-closed-request"


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what the work returns. Cancels it and raises `ClientLeft` when the client leaves first.

    The body of the request must have been read: a route with a parameter for it has done so.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_until_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientLeft("The client closed the connection.")
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait({working, leaving})


async def _until_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
