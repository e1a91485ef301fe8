"""A connection that does not wait forever."""

import asyncio
import os
import socket
from typing import Any

from psycopg import AsyncConnection
from psycopg.abc import PQGen


def connector(seconds: float) -> Any:
    """Return what opens connections that hang up on a server that is silent for `seconds`.

    The call then fails as if the server had gone. `statement_timeout` is not enough: a server that hangs, or
    whose machine is gone, does not apply it.
    """

    class Impatient(AsyncConnection[Any]):
        async def wait(self, gen: PQGen[Any], *args: Any, **options: Any) -> Any:
            """Wait for the server; psycopg calls this for every answer."""
            timer = asyncio.get_running_loop().call_later(seconds, _hang_up, self.pgconn.socket)
            try:
                return await super().wait(gen, *args, **options)
            finally:
                timer.cancel()

    return Impatient.connect


def _hang_up(descriptor: int) -> None:
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.shutdown(socket.SHUT_RDWR)
