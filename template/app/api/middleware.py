"""What happens around every request. Plain ASGI: no copy of the body, no extra task."""

import re
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem_response
from app.core.ids import new_id

log = structlog.get_logger("app.api")

_REQUEST_ID = re.compile(r"[\w.:-]{1,100}", re.ASCII)
_DRAINED_BYTES = 100_000_000
_QUIET = ("/health/",)
"""Paths that are asked every few seconds: logged at level debug."""


class RequestLog:
    """Give each request an id, log it in one line, and answer 500 when a route breaks.

    A client may send its own id in `X-Request-ID`; the answer repeats it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception:
                log.exception("request.broken", method=scope["method"], path=scope["path"])
                if status:
                    raise  # the answer has begun: all that is left is to cut the connection
                detail = "Something broke on our side."
                response = problem_response(scope["path"], 500, "internal-error", detail=detail)
                await response(scope, receive, send_with_id)
            finally:
                _log_request(scope, status, time.perf_counter() - started)


def _request_id(headers: Headers) -> str:
    sent = headers.get("x-request-id", "")
    return sent if _REQUEST_ID.fullmatch(sent) else str(new_id())


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    write = log.debug if scope["path"].startswith(_QUIET) else log.info
    write(
        "request",
        method=scope["method"],
        path=scope["path"] if scope["path"].isprintable() else repr(scope["path"]),
        status=status,
        ms=round(seconds * 1000, 1),
    )


async def _drain(receive: Receive) -> None:
    """Read on for a while: a client that is still sending would miss the answer."""
    drained = 0
    while drained < _DRAINED_BYTES:
        message = await receive()
        drained += len(message.get("body", b""))
        if not message.get("more_body", False):
            return


class BodyLimit:
    """Refuse a body of more than `limit` bytes, also one that does not say its length."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request. The error is raised where the route reads the body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        received = int(announced) if announced.isdigit() and int(announced) > self.limit else 0

        async def receive_limited() -> Message:
            nonlocal received
            if received <= self.limit:
                message = await receive()
                received += len(message.get("body", b""))
                if received <= self.limit:
                    return message
            await _drain(receive)
            raise self._too_large()

        await self.app(scope, receive_limited, send)

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"The body has more than {self.limit} bytes.", {"Connection": "close"})
